//! Why there are no credentials: what was looked for, where, and how to mend it.

/// Names places and fields, never their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// An environment variable is not set.
    #[error("environment variable `{name}` is not set")]
    VariableMissing {
        /// Its name.
        name: String,
    },
    /// A file is not there or cannot be read.
    #[error("`{path}` cannot be read: {cause}")]
    FileUnreadable {
        /// The file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// A file is there but is not what it should be.
    #[error("`{path}` is not a credentials file: {cause}")]
    FileMalformed {
        /// The file.
        path: String,
        /// What is wrong, without any of its text.
        cause: String,
    },
    /// A file has no such profile.
    #[error("`{path}` has no profile `{profile}`")]
    ProfileMissing {
        /// The file.
        path: String,
        /// The profile.
        profile: String,
    },
    /// A profile gets its keys in a way that is not supported.
    #[error("{origin} has mode `{mode}`, which is not supported")]
    ModeUnsupported {
        /// The profile and its file.
        origin: String,
        /// Its mode or type.
        mode: String,
    },
    /// A field is missing or blank.
    #[error("{origin} has no `{field}`")]
    FieldMissing {
        /// Where it should be.
        origin: String,
        /// Its name.
        field: &'static str,
    },
    /// A value cannot be a key.
    #[error("the {what} in {origin} holds a character that no key has")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// Where it was found.
        origin: String,
    },
    /// No user directory, so no default place.
    #[error("HOME is not set, so there is no default place for `{file}`")]
    NoHome {
        /// What would be there.
        file: &'static str,
    },
    /// Every place was tried.
    #[error("no credentials found: {}", .tried.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NothingFound {
        /// What was wrong with each place, in the order of trying.
        tried: Vec<CredentialsError>,
    },
}

impl CredentialsError {
    /// What the operator should do.
    pub fn mend(&self) -> String {
        match self {
            Self::VariableMissing { name } => format!("set `{name}` for this process"),
            Self::FileUnreadable { path, .. } => {
                format!("create `{path}` or let this user read it, or name another file in `credentials`")
            }
            Self::FileMalformed { path, .. } => format!("correct `{path}`; `aliyun configure` writes a valid one"),
            Self::ProfileMissing { path, profile } => {
                format!("add profile `{profile}` to `{path}` or name another in `credentials.profile`")
            }
            Self::ModeUnsupported { .. } => {
                "use a profile of mode `AK` or `StsToken` (ini type `access_key`), or environment variables".to_owned()
            }
            Self::FieldMissing { origin, field } => format!("fill in `{field}` in {origin}"),
            Self::Invalid { what, origin } => format!("copy the {what} into {origin} again, without blanks or quotes"),
            Self::NoHome { .. } => "set HOME, or name the file in `credentials`".to_owned(),
            Self::NothingFound { .. } => {
                "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`"
                    .to_owned()
            }
        }
    }
}
