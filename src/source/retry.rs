//! How often and how long after a failure a request is sent again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// What a failure asks for before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// Sending it again would change nothing.
    No,
    /// A passing fault.
    Backoff,
    /// Too many requests; the API may have said how long to wait.
    Throttled(Option<Duration>),
    /// The request's date was refused: once, with the API's own time.
    CorrectClock,
    /// The session ended: once, with credentials read anew.
    RefreshCredentials,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Fail with the last error.
    GiveUp,
    /// Wait, then send again.
    Wait(Duration),
    /// Correct the clock, then send again.
    CorrectClock,
    /// Refresh the credentials, then send again.
    RefreshCredentials,
}

/// The delays of one client.
///
/// A passing fault waits 200 ms, 400 ms, 800 ms … up to 20 s; throttling without an instruction
/// 1 s, 2 s, 4 s … up to 20 s; each plus a random share of itself, so up to twice as long. An
/// `x-acs-retry-after` is waited for exactly, up to 60 s.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    pub(super) max_attempts: u32,
    pub(super) first_delay: Duration,
    /// After throttling, Alibaba Cloud advises to probe once a second.
    pub(super) first_throttled_delay: Duration,
    pub(super) max_delay: Duration,
    /// The official CLI caps here too: a longer wait is better spent until the next scan.
    pub(super) max_retry_after: Duration,
}

impl RetryPolicy {
    /// The documented delays with `max_attempts` in total, at least one.
    pub(super) fn new(max_attempts: u32) -> Self {
        Self {
            max_attempts: max_attempts.max(1),
            first_delay: Duration::from_millis(200),
            first_throttled_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
        }
    }

    /// The attempts of one request, of which the first is about to be made.
    pub(super) fn start(&self) -> Attempts {
        let delays = |first| {
            ExponentialBuilder::new()
                .with_min_delay(first)
                .with_max_delay(self.max_delay)
                .with_factor(2.0)
                .without_max_times()
                .with_jitter()
                .build()
        };
        Attempts {
            policy: *self,
            made: 0,
            delays: delays(self.first_delay),
            throttled_delays: delays(self.first_throttled_delay),
            corrected_clock: false,
            refreshed_credentials: false,
        }
    }
}

/// How far one request has got.
#[derive(Debug)]
pub(super) struct Attempts {
    policy: RetryPolicy,
    made: u32,
    delays: ExponentialBackoff,
    throttled_delays: ExponentialBackoff,
    corrected_clock: bool,
    refreshed_credentials: bool,
}

impl Attempts {
    /// What to do after an attempt that failed and asks for `retry`.
    pub(super) fn after_failure(&mut self, retry: Retry) -> Step {
        self.made += 1;
        if self.made >= self.policy.max_attempts {
            return Step::GiveUp;
        }
        match retry {
            Retry::No => Step::GiveUp,
            Retry::Backoff => Step::Wait(self.delays.next().unwrap_or(self.policy.max_delay)),
            Retry::Throttled(Some(wait)) => Step::Wait(wait.min(self.policy.max_retry_after)),
            Retry::Throttled(None) => Step::Wait(self.throttled_delays.next().unwrap_or(self.policy.max_delay)),
            Retry::CorrectClock if !self.corrected_clock => {
                self.corrected_clock = true;
                Step::CorrectClock
            }
            Retry::RefreshCredentials if !self.refreshed_credentials => {
                self.refreshed_credentials = true;
                Step::RefreshCredentials
            }
            Retry::CorrectClock | Retry::RefreshCredentials => Step::GiveUp,
        }
    }

    /// Attempts that have failed.
    pub(super) fn failed_count(&self) -> u32 {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(step: Step) -> Duration {
        let Step::Wait(wait) = step else { panic!("{step:?} is no wait") };
        wait
    }

    #[test]
    fn delays_double_with_jitter_up_to_the_cap() {
        let mut attempts = RetryPolicy::new(u32::MAX).start();
        for expected_ms in [200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000] {
            let expected = Duration::from_millis(expected_ms);
            let wait = wait(attempts.after_failure(Retry::Backoff));
            assert!((expected..=2 * expected).contains(&wait), "{wait:?} for {expected:?}");
        }
    }

    #[test]
    fn throttling_waits_as_told_up_to_a_minute_and_else_from_a_second() {
        let mut attempts = RetryPolicy::new(10).start();
        let ms = Duration::from_millis;
        assert_eq!(wait(attempts.after_failure(Retry::Throttled(Some(ms(1500))))), ms(1500));
        assert_eq!(wait(attempts.after_failure(Retry::Throttled(Some(Duration::MAX)))), ms(60_000));
        assert!(wait(attempts.after_failure(Retry::Throttled(None))) >= ms(1000));
    }

    #[test]
    fn attempts_count_the_first() {
        let mut attempts = RetryPolicy::new(2).start();
        wait(attempts.after_failure(Retry::Backoff));
        assert_eq!(attempts.after_failure(Retry::Backoff), Step::GiveUp);
        assert_eq!(RetryPolicy::new(0).start().after_failure(Retry::Backoff), Step::GiveUp);
    }

    #[test]
    fn clock_and_credentials_are_mended_once_each() {
        let mut attempts = RetryPolicy::new(10).start();
        assert_eq!(attempts.after_failure(Retry::CorrectClock), Step::CorrectClock);
        assert_eq!(attempts.after_failure(Retry::RefreshCredentials), Step::RefreshCredentials);
        assert_eq!(attempts.after_failure(Retry::CorrectClock), Step::GiveUp);
        assert_eq!(attempts.after_failure(Retry::RefreshCredentials), Step::GiveUp);
        assert_eq!(attempts.after_failure(Retry::No), Step::GiveUp);
    }
}
