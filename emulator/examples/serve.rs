//! Serves one generated account until it is killed: `serve [--port N] [--seed N] [--codes N] [--devices N]`.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use emulator::{AccessKey, AccountOptions, Emulator, Options, Paging, Role};

const ACCOUNT: &str = "1772422852740001";
const KEY_ID: &str = "LTAI5tEmulatedAccessKey";
const SECRET: &str = "EmulatedSecretOfNoWorthAtAll00";
const PROVIDER: &str = "acs:ram::1772422852740001:oidc-provider/emulated";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut port, mut seed, mut codes, mut devices) = (0, 0, 120, 250);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value: usize = arguments.next().ok_or_else(|| format!("{name} needs a number"))?.parse()?;
        match name.as_str() {
            "--port" => port = u16::try_from(value)?,
            "--seed" => seed = value as u64,
            "--codes" => codes = value,
            "--devices" => devices = value,
            _ => return Err(format!("{name} is not known").into()),
        }
    }
    // No SDK can ask for a second page of codes, so all of them are answered at once.
    let account = AccountOptions::new(ACCOUNT)
        .key(AccessKey::new(KEY_ID, SECRET))
        .generated(codes, devices)
        .paging(Paging::IgnoredAll)
        .role(Role::new("audit").trusting_account(ACCOUNT).external_id("ext 1").trusting_provider(PROVIDER))
        .oidc_token(PROVIDER, "emulated.oidc+token/==");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let emulator = Emulator::start(Options::new().listen(listen).seed(seed).account(account)).await?;
    println!("url {}", emulator.url());
    println!("account {ACCOUNT}");
    println!("key {KEY_ID} {SECRET}");
    Ok(tokio::signal::ctrl_c().await?)
}
