//! The brake: how many proven absences one scan may turn into tombstones.

/// When a scan may delete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeleteLimits {
    /// `scan.max_delete_count`.
    pub max_count: u64,
    /// `scan.max_delete_ratio`, of the live rows.
    pub max_ratio: f64,
    /// The ceiling of an approval, which replaces the other two.
    pub approved: Option<u64>,
}

impl DeleteLimits {
    /// Whether `absent` of `live` rows may be deleted; else all of them are held.
    pub fn allow(&self, absent: u64, live: u64) -> bool {
        if let Some(ceiling) = self.approved
            && absent <= ceiling
        {
            return true;
        }
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^52")]
        let breaks_ratio = absent as f64 > self.max_ratio * live as f64;
        !(absent > self.max_count && breaks_ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(absent: u64, live: u64, approved: Option<u64>) -> bool {
        DeleteLimits { max_count: 20, max_ratio: 0.3, approved }.allow(absent, live)
    }

    #[test]
    fn only_breaking_both_limits_holds() {
        assert!(allow(20, 20, None), "few rows may all go");
        assert!(!allow(21, 21, None));
        assert!(allow(30, 100, None), "the ratio itself is allowed");
        assert!(!allow(31, 100, None));
        assert!(allow(300, 1000, None));
    }

    #[test]
    fn an_approval_is_a_ceiling_and_never_a_lower_limit() {
        assert!(allow(50, 50, Some(50)));
        assert!(!allow(51, 51, Some(50)));
        assert!(allow(10, 50, Some(5)), "what needs no approval passes with any");
    }
}
