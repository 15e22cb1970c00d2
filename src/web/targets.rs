//! The targets that the database knows and those that the configuration names, as one list.

use chrono::{DateTime, Utc};

use crate::{inventory::Source, store::Freshness};

/// A target of the configuration.
#[derive(Clone, Debug)]
pub(super) struct ConfiguredTarget {
    pub(super) account_name: String,
    pub(super) account_id: Option<String>,
    pub(super) source: Source,
    pub(super) next_tick_at: Option<DateTime<Utc>>,
}

/// A target with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct TargetLine {
    pub(super) freshness: Freshness,
    /// `None` where no schedule of this process scans it.
    pub(super) next_tick_at: Option<DateTime<Utc>>,
}

/// A configured target that no scan has begun yet, say because its keys never worked, is `never` fresh:
/// silence about it would look like health.
pub(super) fn join(kept: Vec<Freshness>, configured: &[ConfiguredTarget]) -> Vec<TargetLine> {
    let unknown: Vec<_> = configured.iter().filter(|target| !kept.iter().any(|kept| target.is(kept))).collect();
    let mut lines: Vec<_> = kept
        .into_iter()
        .map(|freshness| TargetLine {
            next_tick_at: configured.iter().find(|target| target.is(&freshness)).and_then(|target| target.next_tick_at),
            freshness,
        })
        .collect();
    lines.extend(unknown.into_iter().map(|target| TargetLine {
        freshness: Freshness {
            account_id: target.account_id.clone().unwrap_or_default(),
            account_name: target.account_name.clone(),
            source: target.source.name().to_owned(),
            state: "never".to_owned(),
            ..Freshness::default()
        },
        next_tick_at: target.next_tick_at,
    }));
    lines
}

impl ConfiguredTarget {
    fn is(&self, kept: &Freshness) -> bool {
        let is_account = match &self.account_id {
            Some(id) => *id == kept.account_id,
            None => self.account_name == kept.account_name,
        };
        is_account && self.source.name() == kept.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(account_name: &str, account_id: Option<&str>) -> ConfiguredTarget {
        ConfiguredTarget {
            account_name: account_name.into(),
            account_id: account_id.map(str::to_owned),
            source: Source::AccessTokens,
            next_tick_at: Some(DateTime::UNIX_EPOCH),
        }
    }

    fn kept(account_name: &str, account_id: &str) -> Freshness {
        Freshness {
            account_name: account_name.into(),
            account_id: account_id.into(),
            source: "access-tokens".into(),
            state: "fresh".into(),
            ..Freshness::default()
        }
    }

    #[test]
    fn a_configured_target_without_a_scan_is_shown_as_never_fresh() {
        let lines = join(vec![kept("a", "1")], &[configured("a", Some("1")), configured("b", None)]);
        let states: Vec<_> = lines.iter().map(|line| (&*line.freshness.account_name, &*line.freshness.state)).collect();
        assert_eq!(states, [("a", "fresh"), ("b", "never")]);
        assert!(lines.iter().all(|line| line.next_tick_at.is_some()));
    }

    #[test]
    fn a_kept_target_outside_the_configuration_has_no_next_tick() {
        let lines = join(vec![kept("a", "1"), kept("b", "2")], &[configured("b", None)]);
        assert_eq!(lines.iter().map(|line| line.next_tick_at.is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn an_id_counts_more_than_a_label() {
        let lines = join(vec![kept("old label", "1"), kept("a", "2")], &[configured("a", Some("1"))]);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].next_tick_at.is_some() && lines[1].next_tick_at.is_none());
    }
}
