//! The colour of a status, the same in every chart.

/// The class that colours `status` by the style sheet.
pub(super) fn class(status: &str) -> &'static str {
    match status {
        "unactivated" => "s-idle",
        "activated" | "bound" => "s-active",
        "expired" | "unbound" => "s-ended",
        "deleted" => "s-gone",
        _ => "s-other",
    }
}

/// Where `status` stands in a stack: as in life, and what is not known before the end.
pub(super) fn order(status: &str) -> u8 {
    match status {
        "unactivated" => 0,
        "activated" => 1,
        "expired" => 2,
        "deleted" => 4,
        _ => 3,
    }
}
