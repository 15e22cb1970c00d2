//! `stocktake erase`: forgets who one person is.

use std::path::Path;

use clap::{Args, builder::NonEmptyStringValueParser};

use super::{Exit, context::Context, output::Output, retention::person, words::instant};
use crate::{
    clock::SystemClock,
    store::{Erasure, ErasureRecord, NewErasure},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The account, by name or id
    #[arg(long, value_name = "NAME")]
    account: String,
    /// The person, by `user_key`, `UserId` or `UserPrincipalName`
    #[arg(value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    user: String,
    /// Why, for whoever asks later; kept, so it may not name the person
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Who says so; $USER where left out
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    by: Option<String>,
}

pub(super) async fn run(config: Option<&Path>, arguments: Arguments, output: &Output) -> anyhow::Result<Exit> {
    let erased_by = person(arguments.by)?;
    let context = Context::open_current(config).await?;
    let erasure = NewErasure {
        account: &arguments.account,
        user: &arguments.user,
        reason: &arguments.reason,
        erased_by: &erased_by,
    };
    let result = context.store.erase(&erasure, &SystemClock).await;
    context.close().await?;
    let erasure = result?;
    output.print(&render(&erasure), &erasure)?;
    Ok(Exit::Success)
}

fn render(erasure: &Erasure) -> String {
    let Erasure { account_id, account_name, user_key, is_new, record } = erasure;
    let user = format!("user_key {user_key} of {account_name} ({account_id})");
    match record {
        Some(record) if *is_new => {
            let ErasureRecord { erasure_id, device_count, version_count, anomaly_count, rejected_count, .. } = record;
            format!(
                "{user} is erased, and {device_count} devices, {version_count} closed versions, {anomaly_count} anomalies \
                 and {rejected_count} rejected items name nobody any more (erasure {erasure_id})"
            )
        }
        Some(ErasureRecord { erasure_id, erased_by, erased_at, .. }) => format!(
            "{user} was erased before, {} by {erased_by} (erasure {erasure_id}); nothing was changed",
            instant(*erased_at)
        ),
        None => format!("{user} came after an erasure and was never named; nothing was changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_is_told_in_numbers_and_a_second_one_changes_nothing() {
        let record = ErasureRecord {
            erasure_id: 4,
            reason: "request 9".into(),
            erased_by: "ada".into(),
            erased_at: "2026-10-03T09:15:02Z".parse().unwrap(),
            device_count: 2,
            version_count: 3,
            anomaly_count: 1,
            rejected_count: 0,
        };
        let erasure = |is_new, record| Erasure {
            account_id: "1".into(),
            account_name: "prod".into(),
            user_key: 7,
            is_new,
            record,
        };
        assert_eq!(
            render(&erasure(true, Some(record.clone()))),
            "user_key 7 of prod (1) is erased, and 2 devices, 3 closed versions, 1 anomalies and 0 rejected items name \
             nobody any more (erasure 4)"
        );
        assert_eq!(
            render(&erasure(false, Some(record))),
            "user_key 7 of prod (1) was erased before, 2026-10-03 09:15:02Z by ada (erasure 4); nothing was changed"
        );
        assert!(render(&erasure(false, None)).ends_with("nothing was changed"));
    }
}
