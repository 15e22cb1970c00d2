//! The environment variables, through one look-up that tests can replace.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

/// Where every ECS instance finds its metadata service, on a link that no other machine shares.
const METADATA: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 80);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where variables are looked up, and where the metadata service of this machine is.
#[derive(Clone)]
pub struct Environment {
    lookup: Arc<Lookup>,
    metadata: SocketAddr,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::of_lookup(|name| std::env::var(name).ok())
    }

    /// These variables and no others.
    pub fn of_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables: HashMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self::of_lookup(move |name| variables.get(name).cloned())
    }

    /// These variables, and `home` as the user's directory.
    #[cfg(test)]
    pub(super) fn with_home(variables: Self, home: String) -> Self {
        Self::of_lookup(move |name| if name == "HOME" { Some(home.clone()) } else { variables.get(name) })
    }

    fn of_lookup(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), metadata: METADATA }
    }

    /// The same, with an emulated metadata service. Neither variables nor configuration can say this: whoever answers
    /// there hands out keys, and learns the name of the role.
    ///
    /// # Panics
    /// Where `metadata` is not on loopback.
    pub fn with_metadata_service(self, metadata: SocketAddr) -> Self {
        assert!(metadata.ip().is_loopback(), "an emulated metadata service is on loopback");
        Self { metadata, ..self }
    }

    /// The metadata service, without a slash at the end.
    pub(super) fn metadata_url(&self) -> String {
        format!("http://{}", self.metadata)
    }

    /// The value of `name`; a blank one counts as not set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_service_is_the_instances_own_and_no_variable_moves_it() {
        let variables = [("ALIBABA_CLOUD_ECS_METADATA", "127.0.0.1:1"), ("ALIBABA_CLOUD_ECS_METADATA_SERVICE", "x")];
        assert_eq!(Environment::of_pairs(variables).metadata_url(), "http://100.100.100.200:80");
        assert_eq!(Environment::of_process().metadata_url(), "http://100.100.100.200:80");
    }

    #[test]
    #[should_panic(expected = "loopback")]
    fn an_emulated_metadata_service_is_on_loopback() {
        let _ = Environment::of_pairs([]).with_metadata_service(([10, 0, 0, 1], 80).into());
    }
}
