//! Why there are no credentials: what was looked for, where, and how to mend it.

use crate::source::{Operation, SourceError};

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
    /// A profile gets its keys from a profile that gets them from the first.
    #[error("profiles of `{path}` lead in a circle: {}", .profiles.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    ProfileCycle {
        /// The file.
        path: String,
        /// The way, which ends in a profile that it came by before.
        profiles: Vec<String>,
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
    /// The metadata service of the instance gave no session.
    #[error("the ECS metadata service gave no session: {cause}")]
    MetadataFailed {
        /// What went wrong.
        cause: String,
    },
    /// The credentials URI gave no session.
    #[error("the credentials URI gave no session: {cause}")]
    UriFailed {
        /// What went wrong, without the URI.
        cause: String,
    },
    /// STS gave no session of a role.
    #[error("role `{role_arn}` cannot be assumed: {cause}")]
    RoleNotAssumed {
        /// The role.
        role_arn: String,
        /// What STS said, or why it was not asked.
        cause: Box<SourceError>,
    },
    /// Every place was tried.
    #[error("no credentials found: {}", .tried.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NothingFound {
        /// What was wrong with each place, in the order of trying.
        tried: Vec<CredentialsError>,
    },
}

impl CredentialsError {
    /// The API's `Code` where STS refused, or a short name of our own in snake case.
    pub fn code(&self) -> String {
        match self {
            Self::RoleNotAssumed { cause, .. } => cause.code(),
            _ => "no_credentials".to_owned(),
        }
    }

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
            Self::ProfileCycle { path, .. } => {
                format!("let the first `source_profile` in `{path}` be one that has keys of its own")
            }
            Self::ModeUnsupported { .. } => "use a profile of mode AK, StsToken, RamRoleArn, ChainableRamRoleArn, \
                 EcsRamRole, OIDC or CredentialsURI (ini type access_key, ram_role_arn, oidc_role_arn or ecs_ram_role)"
                .to_owned(),
            Self::FieldMissing { origin, field } => format!("fill in `{field}` in {origin}"),
            Self::Invalid { what, origin } => format!("copy the {what} into {origin} again, without blanks or quotes"),
            Self::NoHome { .. } => "set HOME, or name the file in `credentials`".to_owned(),
            Self::MetadataFailed { .. } => "attach a RAM role to this ECS instance; on any other machine set \
                 ALIBABA_CLOUD_ECS_METADATA_DISABLED=true or name another kind in `credentials`"
                .to_owned(),
            Self::UriFailed { .. } => {
                "check ALIBABA_CLOUD_CREDENTIALS_URI, or `credentials_uri` of the profile, and what answers there"
                    .to_owned()
            }
            Self::RoleNotAssumed { role_arn, cause } => mend_role(role_arn, cause),
            Self::NothingFound { .. } => {
                "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`"
                    .to_owned()
            }
        }
    }
}

fn mend_role(role_arn: &str, cause: &SourceError) -> String {
    let Some(refusal) = cause.refusal() else { return cause.mend() };
    let who = refusal.key_origin.as_deref().unwrap_or("the configured credentials");
    match (refusal.operation, cause) {
        (_, SourceError::Refused(_)) if refusal.code.starts_with("EntityNotExist") => {
            format!("create role `{role_arn}` in RAM, or correct its ARN")
        }
        (Operation::AssumeRole, SourceError::Denied(_)) => format!(
            "grant `sts:AssumeRole` on `{role_arn}` to the identity of {who}, and let the role's trust policy admit \
             it, with the external id that it asks for"
        ),
        (Operation::AssumeRoleWithOidc, SourceError::Denied(_) | SourceError::Refused(_)) => {
            format!("let the trust policy of `{role_arn}` admit the identity provider, and check {who}")
        }
        (Operation::AssumeRole, SourceError::Refused(_)) => {
            format!("check session name, external id and policy with which `{role_arn}` is assumed")
        }
        _ => cause.mend(),
    }
}
