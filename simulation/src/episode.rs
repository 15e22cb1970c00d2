//! One world from its beginning to its end: life, trouble, scans, checks.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use emulator::{Clock as CloudClock, Emulator, Options};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use sqlx::{PgPool, postgres::PgPoolOptions};
use stocktake::{
    clock::{Clock, SystemClock},
    inventory::Source,
    source::{Environment, HttpClient},
    store::{KnownAccount, RetentionPolicy, Store},
    worker::{NoProgress, Worker},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Broken, Ground, Halt, Tally, Violation,
    check::{Complaint, check_days, check_whole},
    life::State,
    memory::{After, Memory},
    setting::{ACCOUNT_ID, Setting, environment},
    time::{At, SkewedClock, at_micros},
    truth::World,
    witness::Witness,
};

/// The worlds begin in the summer of 2026.
const BEGIN_MICROS: i64 = 1_780_300_800_123_456;

/// Scans between two checks of the whole database.
const WHOLE_EVERY: usize = 12;

/// Workers that take turns, each with a clock of its own.
const HAND_COUNT: usize = 2;

/// Lets the world of `seed` live, scans it at most `scan_count_max` times, and checks every scan.
///
/// # Errors
/// [`Halt::Violation`] where the product broke a promise, [`Halt::Broken`] where the simulation itself failed.
pub async fn run_episode(ground: &Ground, seed: u64, scan_count_max: usize) -> Result<Tally, Halt> {
    let database = ground.create_database().await?;
    let mut episode = Episode::begin(&ground.url(&database), seed).await?;
    episode.setting.scan_count = episode.setting.scan_count.min(scan_count_max);
    let lived = episode.live().await;
    let tally = episode.end().await;
    lived?;
    ground.drop_database(&database).await?;
    Ok(tally?)
}

/// A worker with its clock.
#[derive(Clone)]
pub(crate) struct Hand {
    pub(crate) worker: Arc<Worker>,
    pub(crate) clock: SkewedClock,
    pub(crate) stop: CancellationToken,
}

pub(crate) struct Episode {
    pub(crate) seed: u64,
    pub(crate) step: usize,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) setting: Setting,
    pub(crate) world: Arc<World>,
    pub(crate) emulator: Emulator,
    pub(crate) witness: Witness,
    pub(crate) pool: PgPool,
    pub(crate) hands: Vec<Hand>,
    pub(crate) memories: BTreeMap<Source, Memory>,
    pub(crate) tally: Tally,
    /// What the last collapse removed and nothing brought back yet.
    removed: Option<(Source, Vec<(String, State)>)>,
}

impl Episode {
    async fn begin(url: &str, seed: u64) -> Result<Self, Broken> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let setting = Setting::draw(&mut rng);
        let begin = at_micros(BEGIN_MICROS);
        let mut options = Options::new().clock(CloudClock::Manual(begin)).seed(seed).account(setting.account());
        options.request_log_limit = 0;
        let emulator = Emulator::start(options).await?;
        let world = Arc::new(World::new(begin));
        emulator.with_account(ACCOUNT_ID, |inventory| {
            world.truth().begin(inventory, begin, setting.code_count, setting.device_count, &mut rng);
        });
        let pool = PgPoolOptions::new().max_connections(2).connect(url).await?;
        let store = Store::connect(url, 4).await?;
        let clocks: Vec<_> = (0..HAND_COUNT).map(|_| SkewedClock::new(&world.time)).collect();
        let config = setting.config(&emulator.url());
        let hands = clocks.into_iter().map(|clock| Hand::new(&config, &store, &environment(), clock));
        Ok(Self {
            seed,
            step: 0,
            hands: hands.collect::<Result<_, _>>()?,
            rng,
            setting,
            world,
            emulator,
            witness: Witness::default(),
            pool,
            memories: Source::ALL.map(|source| (source, Memory::default())).into(),
            tally: Tally::default(),
            removed: None,
        })
    }

    async fn live(&mut self) -> Result<(), Halt> {
        while self.step < self.setting.scan_count {
            self.pass_time();
            self.disturb();
            if self.rng.random_bool(0.02) {
                self.purge().await?;
            }
            self.scan().await?;
            self.step += 1;
            if self.step.is_multiple_of(WHOLE_EVERY) || self.step == self.setting.scan_count {
                self.check_whole().await?;
            }
        }
        Ok(())
    }

    async fn end(self) -> Result<Tally, Broken> {
        let mut tally = self.tally;
        tally.episode_count = 1;
        tally.change_count = self.world.truth().change_count();
        self.pool.close().await;
        match self.emulator.take_failure() {
            Some(failure) => Err(Broken::Other(format!("the emulator failed: {failure}"))),
            None => Ok(tally),
        }
    }

    /// Seconds to days pass, and things happen in them or not.
    fn pass_time(&mut self) {
        let Self { rng, world, emulator, .. } = self;
        let gap = TimeDelta::milliseconds(10_f64.powf(rng.random_range(2.5..8.0)) as i64);
        let count = match rng.random_range(0..10) {
            0..=2 => 0,
            3..=7 => rng.random_range(1..6),
            _ => rng.random_range(6..25),
        };
        let until = world.time.now() + gap;
        emulator.with_account(ACCOUNT_ID, |inventory| world.live_until(inventory, until, count, rng));
        emulator.set_now(world.time.now());
    }

    /// Now and then much is gone at once, or comes back; clocks drift and are set.
    fn disturb(&mut self) {
        let Self { rng, world, emulator, removed, hands, .. } = self;
        if let Some((source, lost)) = removed.take_if(|_| rng.random_bool(0.25)) {
            emulator.with_account(ACCOUNT_ID, |inventory| {
                world.truth().restore(inventory, world.time.tick(), source, lost);
            });
        } else if removed.is_none() && rng.random_bool(0.04) {
            let source = *Source::ALL.choose(rng).expect("there are two");
            let share = *[0.2, 0.5, 1.0].choose(rng).expect("there are three");
            let lost = emulator.with_account(ACCOUNT_ID, |inventory| {
                world.truth().collapse(inventory, world.time.tick(), source, share, rng)
            });
            // Some of it never comes back.
            *removed = rng.random_bool(0.6).then_some((source, lost));
        }
        for Hand { clock, .. } in hands {
            let step_ms = match rng.random_range(0..60) {
                0 => rng.random_range(-1_200_000..1_200_000),
                1..=2 => -clock.skew().num_milliseconds(),
                3..=20 => rng.random_range(-400..400),
                _ => 0,
            };
            if step_ms != 0 {
                clock.set_skew(clock.skew() + TimeDelta::milliseconds(step_ms));
            }
        }
    }

    /// Purges by a policy that any dataset may be left out of, in batches of any size.
    async fn purge(&mut self) -> Result<(), Halt> {
        let hand = &self.hands[self.rng.random_range(0..HAND_COUNT)];
        let cutoff = hand.clock.now() - TimeDelta::hours(self.rng.random_range(12..240));
        // The database counts back from its own now, to which these worlds are long past.
        let history = (SystemClock.now() - cutoff).to_std().map_err(Broken::other)?;
        let store = hand.worker.store().clone().with_purge_batches_of(self.rng.random_range(1..40));
        let rng = &mut self.rng;
        let policy = |_: &KnownAccount, _| RetentionPolicy { history, is_enabled: rng.random_bool(0.9) };
        store.keep_policies(policy).await.map_err(Broken::from)?;
        for purge in store.purge(false).await.map_err(Broken::from)?.into_iter().flatten() {
            let source = if purge.dataset.starts_with("mfa_") { Source::MfaDevices } else { Source::AccessTokens };
            if let (Some(cutoff), Some(memory)) = (purge.cutoff_at, self.memories.get_mut(&source)) {
                memory.purge(&purge.dataset, cutoff);
            }
        }
        self.tally.purge_count += 1;
        Ok(())
    }

    async fn check_whole(&mut self) -> Result<(), Halt> {
        for source in Source::ALL {
            let memory = &self.memories[&source];
            let instants: Vec<At> = memory.rows.values().map(|row| row.valid_from_at).collect();
            let instant = instants.choose(&mut self.rng).copied().unwrap_or_else(|| self.world.time.now());
            if let Err(complaint) = check_whole(&self.pool, source, memory, instant).await? {
                return Err(self.violation(source, complaint, None));
            }
            if let Err(complaint) = check_days(&self.pool, source, memory, self.world.time.now()).await? {
                return Err(self.violation(source, complaint, None));
            }
            self.tally.whole_count += 1;
        }
        Ok(())
    }

    pub(crate) fn violation(&self, source: Source, complaint: Complaint, after: Option<&After>) -> Halt {
        let memory = &self.memories[&source];
        let truth = self.world.truth();
        let violation = Violation::new(self.seed, self.step, source, complaint, &truth, memory, after);
        Halt::Violation(Box::new(violation))
    }

    /// A worker that was stopped, or that is started anew.
    pub(crate) fn restart(&mut self, index: usize) -> Result<(), Broken> {
        let hand = &self.hands[index];
        let config = self.setting.config(&self.emulator.url());
        let store = hand.worker.store().clone();
        self.hands[index] = Hand::new(&config, &store, &environment(), hand.clock.clone())?;
        Ok(())
    }
}

impl Hand {
    fn new(
        config: &stocktake::config::Config,
        store: &Store,
        environment: &Environment,
        clock: SkewedClock,
    ) -> Result<Self, Broken> {
        let stop = CancellationToken::new();
        let clock_handle = Arc::new(clock.clone());
        let progress = Arc::new(NoProgress);
        let http = HttpClient::new(&config.api).map_err(Broken::other)?;
        let worker =
            Worker::new(&http, config.clone(), store.clone(), clock_handle, environment, progress, stop.clone())
                .map_err(Broken::other)?;
        Ok(Self { worker: Arc::new(worker), clock, stop })
    }
}
