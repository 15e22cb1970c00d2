//! One scan of the world, disturbed and interrupted in every way that an operator may live to see.

use std::sync::Arc;

use chrono::TimeDelta;
use rand::{Rng, seq::IteratorRandom};
use stocktake::{
    inventory::{Source, Target},
    scan::Refresh,
    worker::{ScanRequest, TargetOutcome, TargetReport},
};
use tokio::sync::Notify;

use crate::{
    Halt,
    check::{Complaint, Look, check_scan},
    episode::Episode,
    rows::load_holders,
    setting::ACCOUNT_ID,
    time::At,
    trouble::Trouble,
    witness::Signal,
};

/// The API refuses a date that is a quarter of an hour off.
const SKEW_MAX: TimeDelta = TimeDelta::minutes(14);

/// What cuts into a scan while its n-th request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Nothing does.
    None,
    /// The worker is told to stop.
    Stop,
    /// The scan is dropped where it stands, as by a panic or a kill.
    Drop,
    /// The fence moves, as if the lock had been lost and another worker had applied a scan.
    Overtake,
    /// The database connection is cut, and the other worker scans before the first goes on.
    TakeOver,
    /// The other worker tries at the same time.
    Contend,
}

/// How one scan is made.
struct Plan {
    source: Source,
    hand: usize,
    request: ScanRequest,
    cut: Cut,
    trouble: Trouble,
}

/// One scan that has ended, or never will.
struct Ended {
    began_at: At,
    report: Option<TargetReport>,
    /// Something cut into it.
    was_cut: bool,
    /// The fence moved while it ran.
    is_overtaken: bool,
    has_lied: bool,
    struck_count: u64,
}

impl Episode {
    /// Makes one scan, and checks it.
    pub(crate) async fn scan(&mut self) -> Result<(), Halt> {
        let plan = self.plan();
        let hand = self.hands[plan.hand].clone();
        let notify = Arc::new(Notify::new());
        let signal = match plan.cut {
            Cut::None => None,
            Cut::Stop => Some(Signal::Stop(hand.stop.clone())),
            _ => Some(Signal::Tell(Arc::clone(&notify))),
        };
        let after = self.rng.random_range(0..4);
        self.witness.begin(signal.map(|signal| (after, signal)));
        hand.clock.take_readings();
        let mut ended = Ended {
            began_at: self.world.time.tick(),
            report: None,
            was_cut: true,
            is_overtaken: false,
            has_lied: false,
            struck_count: 0,
        };
        let account = &hand.worker.accounts()[0];
        let mut scan = Box::pin(hand.worker.scan(account, plan.source, &plan.request));
        let uncut = tokio::select! {
            biased;
            report = &mut scan => Some(report),
            () = notify.notified() => None,
        };
        match (uncut, plan.cut) {
            (Some(report), _) => {
                ended.was_cut = hand.stop.is_cancelled();
                ended.report = Some(report);
            }
            (None, Cut::Drop) => {
                drop(scan);
                self.await_unlock(plan.source).await?;
            }
            (None, Cut::Overtake) => {
                ended.is_overtaken = self.move_fence(plan.source).await?;
                ended.report = Some(scan.await);
            }
            (None, cut) => {
                if cut == Cut::TakeOver {
                    self.cut_connection().await?;
                }
                // Clearing the faults forgets how often they struck.
                ended.has_lied = plan.trouble.has_lied(&self.emulator);
                self.scan_between(plan.source, 1 - plan.hand).await?;
                ended.report = Some(scan.await);
            }
        }
        ended.has_lied |= plan.trouble.has_lied(&self.emulator);
        ended.struck_count += plan.trouble.struck_count(&self.emulator);
        self.tally.fault_count += ended.struck_count;
        self.check(&plan, ended).await?;
        if hand.stop.is_cancelled() || self.rng.random_bool(0.03) {
            self.restart(plan.hand)?;
        }
        Ok(())
    }

    /// The other worker scans in the middle of a scan.
    async fn scan_between(&mut self, source: Source, hand: usize) -> Result<(), Halt> {
        self.clear_faults();
        let plan = Plan { source, hand, request: ScanRequest::default(), cut: Cut::None, trouble: Trouble::default() };
        let other = self.hands[hand].clone();
        other.clock.take_readings();
        let began_at = self.world.time.tick();
        let report = Box::pin(other.worker.scan(&other.worker.accounts()[0], source, &plan.request)).await;
        let was_cut = matches!(report.outcome, TargetOutcome::Busy);
        let report = Some(report);
        let ended = Ended { began_at, report, was_cut, is_overtaken: false, has_lied: false, struck_count: 0 };
        self.check(&plan, ended).await
    }

    async fn check(&mut self, plan: &Plan, ended: Ended) -> Result<(), Halt> {
        let Plan { source, request, .. } = plan;
        let hand = &self.hands[plan.hand];
        let readings = hand.clock.take_readings();
        let memory = self.memories.get_mut(source).expect("every source is remembered");
        let after = memory.look(&self.pool, *source).await?;
        let beginnings = after.scans.iter().map(|scan| scan.started_at);
        memory.beginnings.extend(beginnings.filter_map(|shown| Some((shown, readings.true_instant(shown)?))));
        let applied = after.scans.iter().find(|scan| scan.applied_at.is_some());
        // A scan may wait before it begins.
        let began_at = applied.and_then(|scan| readings.true_instant(scan.started_at)).unwrap_or(ended.began_at);
        let mut slipped = Vec::new();
        let checked = {
            let truth = self.world.truth();
            let newest = after.scans.last().map(|scan| scan.started_at);
            let is_in_time = newest > memory.target.applied_until_at;
            let is_dated = hand.clock.skew().abs() < SKEW_MAX || self.setting.max_attempts > 1;
            let must_see_all = !ended.was_cut
                && ended.struck_count == 0
                && request.refresh.is_none()
                && !request.is_rehearsal
                && !truth.has_changed_since(*source, began_at)
                && is_in_time
                && is_dated
                && self.setting.shows_all(*source, &truth);
            let asked: Vec<_> = self.witness.asked().into_iter().filter(|asked| asked.at >= began_at).collect();
            let look = Look {
                source: *source,
                truth: &truth,
                memory,
                after: &after,
                began_at,
                ended_at: self.world.time.now(),
                readings: &readings,
                asked: &asked,
                report: ended.report.as_ref(),
                is_rehearsal: request.is_rehearsal,
                is_overtaken: ended.is_overtaken,
                max_delete_count: self.setting.scan.max_delete_count,
                max_delete_ratio: self.setting.scan.max_delete_ratio,
                approved: request.approved_delete_count,
                has_lied: ended.has_lied,
                must_see_all,
                delay: plan.trouble.delay,
            };
            check_scan(&look, &mut slipped, &mut self.tally)
        };
        if let Err(complaint) = checked {
            return Err(self.violation(*source, complaint, Some(&after)));
        }
        let outcome = match (&ended.report, after.scans.last()) {
            (Some(TargetReport { outcome: TargetOutcome::Busy, .. }), _) => "busy",
            (Some(TargetReport { outcome: TargetOutcome::Unrecorded(_), .. }), _) => "unrecorded",
            (None, _) => "dropped",
            _ if request.is_rehearsal => "rehearsed",
            _ if request.refresh.is_some() => "refreshed",
            (_, Some(scan)) => scan.outcome.as_str(),
            (_, None) => "unrecorded",
        };
        self.tally.count_scan(outcome);
        if *source == Source::MfaDevices && outcome == "complete" {
            self.check_holders(began_at).await?;
        }
        let memory = self.memories.get_mut(source).expect("every source is remembered");
        self.tally.slip_count += slipped.len() as u64;
        memory.slipped.extend(slipped);
        memory.keep(after);
        Ok(())
    }

    /// After a complete scan of the devices their holders have the names that they had meanwhile.
    async fn check_holders(&self, began_at: At) -> Result<(), Halt> {
        let holders = load_holders(&self.pool).await?;
        let wrong = {
            let truth = self.world.truth();
            holders.into_iter().find(|(user_id, upn, display_name)| {
                let names = truth.names(user_id, began_at, self.world.time.now());
                !names.iter().any(|(true_upn, true_name)| true_upn == upn && true_name == display_name)
            })
        };
        match wrong {
            None => Ok(()),
            Some(holder) => {
                let rule = "the names of users are kept current";
                let complaint = Complaint { rule, object: None, detail: format!("{holder:?}") };
                Err(self.violation(Source::MfaDevices, complaint, None))
            }
        }
    }

    /// Waits until the session of a dropped scan has ended, and its lock with it.
    async fn await_unlock(&self, source: Source) -> Result<(), Halt> {
        let key = format!("stocktake/{}", Target { account_id: ACCOUNT_ID.into(), source });
        sqlx::query("select pg_advisory_lock(h), pg_advisory_unlock(h) from hashtextextended($1, 0) h")
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// As if the lock had been lost and another worker had applied a scan; true if the scan has begun already.
    async fn move_fence(&mut self, source: Source) -> Result<bool, Halt> {
        let moved: Option<i64> = sqlx::query_scalar(
            "update inventory.targets t set applied_scan_id = coalesce(applied_scan_id, 0) + 1000
             where source = $1
               and exists (select from inventory.scans s where s.source = t.source and s.outcome = 'running')
             returning applied_scan_id",
        )
        .bind(source.name())
        .fetch_optional(&self.pool)
        .await?;
        if moved.is_some() {
            self.memories.get_mut(&source).expect("every source is remembered").target.applied_scan_id = moved;
        }
        Ok(moved.is_some())
    }

    async fn cut_connection(&self) -> Result<(), Halt> {
        sqlx::query(
            "select pg_terminate_backend(pid, 10000) from pg_locks
             where locktype = 'advisory'
               and database = (select oid from pg_database where datname = current_database())",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    fn clear_faults(&self) {
        self.emulator.clear_faults();
        self.emulator.add_fault(self.witness.fault(&self.world));
    }

    fn plan(&mut self) -> Plan {
        let source = if self.rng.random_bool(0.6) { Source::AccessTokens } else { Source::MfaDevices };
        let hand = usize::from(self.rng.random_bool(0.25));
        let cut = match self.rng.random_range(0..60) {
            0 => Cut::Stop,
            1..=2 => Cut::Drop,
            3 => Cut::Overtake,
            4 => Cut::TakeOver,
            5 => Cut::Contend,
            _ => Cut::None,
        };
        let newest = self.memories[&source].scans.values().next_back();
        let mut request = ScanRequest::default();
        if newest.is_some_and(|scan| scan.outcome == "held") && self.rng.random_bool(0.4) {
            request.approved_delete_count = Some(300);
        }
        match self.rng.random_range(0..40) {
            0..=3 => request.approved_delete_count = Some(self.rng.random_range(0..200)),
            6 => request.is_rehearsal = true,
            7..=8 if source == Source::AccessTokens => request.refresh = Some(self.draw_refresh()),
            _ => {}
        }
        self.clear_faults();
        let mut trouble = Trouble::default();
        let Self { rng, emulator, world, hands, setting, .. } = self;
        if rng.random_bool(0.35) {
            trouble.add_change(emulator, world, &hands[hand].clock, source, rng);
        }
        if rng.random_bool(0.3) {
            trouble.add_faults(emulator, source, setting.max_attempts > 1, rng);
        }
        Plan { source, hand, request, cut, trouble }
    }

    fn draw_refresh(&mut self) -> Refresh {
        let truth = self.world.truth();
        let ids = truth.lives(Source::AccessTokens).keys().cloned();
        match self.rng.random_range(0..3) {
            0 => Refresh { status: Some("activated".into()), ..Refresh::default() },
            _ => Refresh { ids: ids.choose_multiple(&mut self.rng, 30), ..Refresh::default() },
        }
    }
}
