//! Cron becomes a trigger, and nothing else.
//!
//! The scheduler only knocks: it knows no overlap, deadline or shutdown worth the name, so whoever
//! receives the triggers owns all three. Times are UTC.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::debug;

use crate::{
    config::{CronError, ScheduleConfig, parse_cron},
    inventory::Source,
};

/// What it is time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A scan of every account's listing of this source.
    Scan(Source),
    /// The purge of closed history.
    Retention,
}

/// Why the schedules do not run.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// An expression that `Config::load` would have refused.
    #[error("a schedule cannot be read")]
    Expression(#[from] CronError),
    /// The scheduler itself failed.
    #[error("the scheduler does not start")]
    Scheduler(#[from] JobSchedulerError),
}

/// The running schedules.
pub struct Schedule {
    scheduler: JobScheduler,
}

impl Schedule {
    /// Starts every schedule that is not off; each tick sends its trigger.
    ///
    /// A tick never waits. If `sender` is full its trigger is dropped, so give the queue room for one of
    /// each kind: then what was dropped is already waiting. A tick comes up to 0.5 s after its second.
    ///
    /// # Errors
    /// [`ScheduleError`] for an unreadable expression, or if the scheduler does not start.
    pub async fn start(config: &ScheduleConfig, sender: Sender<Trigger>) -> Result<Self, ScheduleError> {
        let mut scheduler = JobScheduler::new().await?;
        let schedules = [
            (Trigger::Scan(Source::AccessTokens), &config.access_tokens),
            (Trigger::Scan(Source::MfaDevices), &config.mfa_devices),
            (Trigger::Retention, &config.retention),
        ];
        let mut jobs = Vec::new();
        for (trigger, expression) in schedules {
            if parse_cron(expression)?.is_some() {
                jobs.push(job(expression, trigger, sender.clone())?);
            }
        }
        for job in jobs {
            scheduler.add(job).await?;
        }
        if let Err(error) = scheduler.start().await {
            // Its background tasks run already and would outlive the failure.
            let _ = scheduler.shutdown().await;
            return Err(error.into());
        }
        Ok(Self { scheduler })
    }

    /// Ends the schedules; no trigger is sent afterwards, except by a tick that is under way.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            debug!(%error, "the scheduler did not stop cleanly");
        }
    }
}

/// An async job: a plain one is dead for ever after one panic. `new_async` and not `JobBuilder`, which
/// reads day of month and day of week as alternatives for the first tick only.
fn job(expression: &str, trigger: Trigger, sender: Sender<Trigger>) -> Result<Job, JobSchedulerError> {
    Job::new_async(expression.trim(), move |_, _| {
        match sender.try_send(trigger) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => debug!(?trigger, "dropped a trigger: one is already waiting"),
            Err(TrySendError::Closed(_)) => debug!(?trigger, "dropped a trigger: nobody listens"),
        }
        Box::pin(std::future::ready(()))
    })
}

/// The first tick after `after`; `None` for `off` and for what cannot be read.
pub fn next_tick(expression: &str, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    ticks(expression, after).next()
}

/// A week and a day, so that a schedule of working hours shows its week-end.
const HORIZON: TimeDelta = TimeDelta::days(8);

/// Ticks that are always looked at, for schedules slower than the horizon.
const MIN_TICKS: usize = 50;

/// Ticks that are looked at most: one a minute within the horizon.
const MAX_TICKS: usize = 8 * 24 * 60;

/// The longest intervals of schedules, looked up once a day: to find one takes thousands of steps.
#[derive(Debug, Default)]
pub struct Intervals {
    found: Mutex<HashMap<String, (NaiveDate, Option<u64>)>>,
}

impl Intervals {
    /// The longest time between two of the coming ticks, in seconds, as of the UTC day of `now`; `None` for `off` and for
    /// what cannot be read.
    pub fn longest(&self, expression: &str, now: DateTime<Utc>) -> Option<u64> {
        let today = now.date_naive();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.get(expression) {
            Some((day, interval)) if *day == today => *interval,
            _ => {
                let interval = interval_seconds(expression, now);
                found.insert(expression.to_owned(), (today, interval));
                interval
            }
        }
    }
}

/// The longest time between two of the coming ticks after `after`, in seconds: a target not proven for
/// longer than this missed a scan. `None` for `off` and for what cannot be read.
///
/// It looks a week ahead and at fifty ticks at least, but at no more than one a minute of that week.
fn interval_seconds(expression: &str, after: DateTime<Utc>) -> Option<u64> {
    let coming: Vec<_> = ticks(expression, after)
        .take(MAX_TICKS)
        .enumerate()
        .take_while(|(index, tick)| *index < MIN_TICKS || *tick - after < HORIZON)
        .map(|(_, tick)| tick)
        .collect();
    coming.windows(2).filter_map(|pair| u64::try_from((pair[1] - pair[0]).num_seconds()).ok()).max()
}

/// The ticks after `after`, whole seconds, ascending.
fn ticks(expression: &str, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let cron = parse_cron(expression).ok().flatten();
    // The parser keeps the fraction of the instant it starts from; a tick has none.
    let start = DateTime::from_timestamp(after.timestamp(), 0).unwrap_or(after);
    // Not the parser's own iterator, which leaves out the second of two ticks a second apart.
    let next = move |tick: &DateTime<Utc>| cron.as_ref()?.find_next_occurrence(tick, false).ok();
    std::iter::successors(Some(start), next).skip(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{sync::mpsc, time::timeout};

    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn off() -> ScheduleConfig {
        ScheduleConfig { access_tokens: "off".into(), mfa_devices: "off".into(), retention: "off".into() }
    }

    #[tokio::test]
    async fn a_tick_of_the_real_scheduler_delivers_its_trigger() {
        let (sender, mut triggers) = mpsc::channel(8);
        let config = ScheduleConfig { mfa_devices: "* * * * * *".into(), ..off() };
        let schedule = Schedule::start(&config, sender).await.unwrap();
        let trigger = timeout(Duration::from_secs(2), triggers.recv()).await.unwrap();
        assert_eq!(trigger, Some(Trigger::Scan(Source::MfaDevices)));
        schedule.stop().await;
    }

    #[tokio::test]
    async fn all_schedules_may_be_off() {
        let (sender, mut triggers) = mpsc::channel(1);
        let schedule = Schedule::start(&off(), sender).await.unwrap();
        assert!(triggers.try_recv().is_err());
        schedule.stop().await;
    }

    #[tokio::test]
    async fn an_unreadable_expression_is_an_error() {
        let (sender, _triggers) = mpsc::channel(1);
        let config = ScheduleConfig { retention: "* * * * *".into(), ..off() };
        assert!(matches!(Schedule::start(&config, sender).await, Err(ScheduleError::Expression(_))));
    }

    #[test]
    fn the_next_tick_is_a_whole_second_after_the_instant() {
        let after = instant("2026-01-01T00:00:00.250Z");
        assert_eq!(next_tick("* * * * * *", after), Some(instant("2026-01-01T00:00:01Z")));
        assert_eq!(next_tick("0 */15 * * * *", after), Some(instant("2026-01-01T00:15:00Z")));
        assert_eq!(next_tick("0 0 0 * * *", instant("2026-01-01T00:00:00Z")), Some(instant("2026-01-02T00:00:00Z")));
        assert_eq!(next_tick("off", after), None);
        assert_eq!(next_tick("nonsense", after), None);
    }

    #[test]
    fn day_of_month_and_day_of_week_must_both_match() {
        let after = instant("2026-01-01T00:00:00Z");
        assert_eq!(next_tick("0 0 8 1 * MON", after), Some(instant("2026-06-01T08:00:00Z")));
    }

    #[test]
    fn an_interval_is_looked_up_again_on_the_next_day() {
        let intervals = Intervals::default();
        let two_days_a_year = "0 */15 * 20-21 12 *";
        assert_eq!(intervals.longest(two_days_a_year, instant("2026-12-20T18:00:00Z")), Some(15 * 60));
        let until_the_next_year = 363 * 86_400 + 15 * 60;
        assert_eq!(intervals.longest(two_days_a_year, instant("2026-12-21T18:00:00Z")), Some(until_the_next_year));
        assert_eq!(intervals.longest("off", instant("2026-12-31T00:00:00Z")), None);
    }

    #[test]
    fn the_interval_is_the_longest_gap() {
        let after = instant("2026-01-05T00:00:00Z"); // a Monday
        assert_eq!(interval_seconds("0 */15 * * * *", after), Some(15 * 60));
        assert_eq!(interval_seconds("* * * * * *", after), Some(1));
        assert_eq!(interval_seconds("0 0,10 * * * *", after), Some(50 * 60));
        assert_eq!(interval_seconds("0 0 3 * * MON-FRI", after), Some(3 * 86_400));
        let from_friday_evening_to_monday = (6 + 2 * 24 + 9) * 3600 + 15 * 60;
        assert_eq!(interval_seconds("0 */15 9-17 * * MON-FRI", after), Some(from_friday_evening_to_monday));
        assert_eq!(interval_seconds("0 0 0 1 1 *", after), Some(366 * 86_400));
        assert_eq!(interval_seconds("off", after), None);
        assert_eq!(interval_seconds("nonsense", after), None);
    }
}
