//! `stocktake emulate`: the emulated cloud alone.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Args;
use emulator::{AccessKey, AccountOptions, Emulator, LifecycleRates, Options};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Exit, output::Output, run::stop_on_signal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8088")]
    listen: SocketAddr,
    /// The seed of the inventory and its life
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Activation codes at the start
    #[arg(long, default_value_t = 120, value_name = "N")]
    codes: usize,
    /// MFA devices at the start
    #[arg(long, default_value_t = 40, value_name = "N")]
    devices: usize,
    /// The account that owns them
    #[arg(long, default_value = super::demo::ACCOUNT_ID, value_name = "ID")]
    account_id: String,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Exit> {
    let account = AccountOptions::new(&arguments.account_id)
        .key(AccessKey::new(super::demo::KEY_ID, super::demo::KEY_SECRET))
        .generated(arguments.codes, arguments.devices)
        .rates(LifecycleRates::lively(arguments.codes, arguments.devices));
    let options = Options::new().listen(arguments.listen).seed(arguments.seed).account(account);
    let emulator = Emulator::start(options)
        .await
        .with_context(|| format!("the emulator cannot listen on {}; choose another with --listen", arguments.listen))?;
    let url = emulator.url();
    let text =
        format!("the emulated cloud answers at {url}; stop it with Ctrl-C. To scan it:\n\n{}\n", instructions(&url));
    let value = json!({
        "url": url,
        "account_id": arguments.account_id,
        "access_key_id": super::demo::KEY_ID,
        "access_key_secret": super::demo::KEY_SECRET,
    });
    output.print(&text, &value)?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    stop.cancelled().await;
    Ok(Exit::Success)
}

fn instructions(url: &str) -> String {
    [
        format!("  export ALIBABA_CLOUD_ACCESS_KEY_ID={}", super::demo::KEY_ID),
        format!("  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={}", super::demo::KEY_SECRET),
        format!("  export STOCKTAKE__API__SMC_ENDPOINT={url}"),
        format!("  export STOCKTAKE__API__IMS_ENDPOINT={url}"),
        format!("  export STOCKTAKE__API__STS_ENDPOINT={url}"),
        "  printf '[[account]]\\nname = \"emulated\"\\n' > emulated.toml".to_owned(),
        "  stocktake --config emulated.toml sync".to_owned(),
    ]
    .join("\n")
}
