//! The environment variables, through one look-up that tests can replace.

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where variables are looked up.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// These variables and no others.
    pub fn of_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        let variables: HashMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// These variables, and `home` as the user's directory.
    #[cfg(test)]
    pub(super) fn with_home(variables: Self, home: String) -> Self {
        Self(Arc::new(move |name| if name == "HOME" { Some(home.clone()) } else { variables.get(name) }))
    }

    /// The value of `name`; a blank one counts as not set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    /// Whether `name` says `true`, in any case.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// The user's own directory.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variables hold secrets.
        f.write_str("Environment")
    }
}
