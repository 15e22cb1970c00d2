//! A new migration is built in: `sqlx::migrate!` by itself does not see that a file was added.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
