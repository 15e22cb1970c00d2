//! `simulation`: lets worlds live and be scanned until so many scans were checked, and says what came of it.

use std::{
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use simulation::{Ground, Halt, Tally, run_episode};

/// Scans random worlds whose history is known, and checks every scan against it.
#[derive(Parser, Debug)]
struct Arguments {
    /// Scans to make, at least.
    #[arg(long, default_value_t = 10_000)]
    scans: u64,
    /// The seed of the first episode; the others follow from it. Chosen freely and printed where it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Episodes at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Repeats the one episode of this seed.
    #[arg(long, conflicts_with_all = ["scans", "seed", "jobs"])]
    episode: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match simulate(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(halt) => {
            eprintln!("{halt}");
            ExitCode::FAILURE
        }
    }
}

async fn simulate(arguments: Arguments) -> Result<(), Halt> {
    let begun = Instant::now();
    let ground = Arc::new(Ground::prepare().await?);
    if let Some(seed) = arguments.episode {
        println!("{}; no violation", run_episode(&ground, seed, usize::MAX).await?);
        return Ok(());
    }
    let first = arguments.seed.unwrap_or_else(fresh_seed);
    println!("at least {} scans from seed {first} on, {} at once", arguments.scans, arguments.jobs);
    let (next, sum) = (Arc::new(AtomicU64::new(first)), Arc::new(Mutex::new(Tally::default())));
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..arguments.jobs.max(1) {
        let (ground, next, sum) = (Arc::clone(&ground), Arc::clone(&next), Arc::clone(&sum));
        jobs.spawn(async move {
            loop {
                let tally = run_episode(&ground, next.fetch_add(1, Ordering::Relaxed), usize::MAX).await?;
                let mut sum = sum.lock().expect("no code panics while it holds the sum");
                sum.add(&tally);
                if sum.episode_count.is_multiple_of(10) {
                    println!("{} s: {sum}", begun.elapsed().as_secs());
                }
                if sum.scan_count() >= arguments.scans {
                    return Ok::<(), Halt>(());
                }
            }
        });
    }
    while let Some(job) = jobs.join_next().await {
        let job = job.expect("an episode does not panic");
        if job.is_err() {
            println!("before it: {}", sum.lock().expect("no code panics while it holds the sum"));
        }
        job?;
    }
    let sum = sum.lock().expect("no code panics while it holds the sum");
    let last = next.load(Ordering::Relaxed) - 1;
    println!("seeds {first} to {last}, {} s: {sum}; no violation", begun.elapsed().as_secs());
    Ok(())
}

/// Any seed, short enough to be typed.
fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() % 1_000_000 * 1_000
}
