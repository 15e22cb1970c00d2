//! What is recorded beside the facts because it should not have been so.

/// Something odd about one object, recorded and never dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What kind of oddity.
    pub kind: AnomalyKind,
    /// What exactly, the original text included.
    pub detail: String,
}

impl Anomaly {
    /// An anomaly of `kind` with its particulars.
    pub fn new(kind: AnomalyKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The kinds of anomaly; their names are part of the SQL contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnomalyKind {
    /// A field could not be read; the original text is in `detail` and in the row's `extra`.
    UnreadableField,
    /// A text held U+0000, which PostgreSQL cannot store; kept as U+FFFD.
    NulCharacter,
    /// A status that this program does not know.
    UnknownStatus,
    /// A device has an `ActivateDate` but no user.
    ActivatedWithoutUser,
    /// A status change that cannot happen, such as expired to activated.
    ImpossibleTransition,
    /// An id came back after its absence had been proven.
    Reappeared,
    /// `CreationTime` of a code changed.
    CreationTimeChanged,
    /// `TimeToLiveInDays` of a code changed.
    TtlChanged,
    /// `RegisteredCount` fell.
    RegisteredCountFell,
    /// `RegisteredCount` is above `Count`.
    RegisteredCountAboveCount,
    /// An instant the API states lies outside the bounds that the scans prove.
    KnownInstantOutsideBounds,
    /// The API calls a code live after its computed expiry.
    LiveAfterExpiry,
    /// The API calls a code expired before its computed expiry.
    ExpiredBeforeExpiry,
}

impl AnomalyKind {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnreadableField => "unreadable_field",
            Self::NulCharacter => "nul_character",
            Self::UnknownStatus => "unknown_status",
            Self::ActivatedWithoutUser => "activated_without_user",
            Self::ImpossibleTransition => "impossible_transition",
            Self::Reappeared => "reappeared",
            Self::CreationTimeChanged => "creation_time_changed",
            Self::TtlChanged => "ttl_changed",
            Self::RegisteredCountFell => "registered_count_fell",
            Self::RegisteredCountAboveCount => "registered_count_above_count",
            Self::KnownInstantOutsideBounds => "known_instant_outside_bounds",
            Self::LiveAfterExpiry => "live_after_expiry",
            Self::ExpiredBeforeExpiry => "expired_before_expiry",
        }
    }
}

/// An item that could not be kept as an object, because it has no usable id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedItem {
    /// Why, for people: "no `AccessTokenId`".
    pub reason: String,
    /// The item as the API sent it, as JSON text.
    pub original: String,
}
