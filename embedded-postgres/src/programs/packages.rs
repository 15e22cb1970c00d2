//! Asks the Debian package tools with a state of their own, so that nothing of the system changes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package tools, with lists, archives and settings in one private folder.
pub(super) struct PackageTools {
    dir: PathBuf,
}

impl PackageTools {
    /// Sets up the private state in `dir`. The system's settings are kept, as they may name a proxy,
    /// but not its hooks, which clean and refresh the system's own state.
    pub(super) fn set_up(dir: PathBuf) -> std::io::Result<Self> {
        for name in ["settings", "lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(dir.join(name))?;
        }
        let settings = dir.join("settings");
        for entry in Path::new("/etc/apt/apt.conf.d").read_dir()?.filter_map(Result::ok) {
            symlink(entry.path(), settings.join(entry.file_name()))?;
        }
        let at = dir.display();
        fs::write(
            settings.join("zz-stocktake"),
            format!(
                r#"
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::State::lists "{at}/lists";
Dir::Cache "{at}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
"#
            ),
        )?;
        fs::write(dir.join("apt.conf"), format!("Dir::Etc::Parts \"{}\";\n", settings.display()))?;
        Ok(Self { dir })
    }

    /// Reads the package lists. One broken source among several is no failure: what counts is
    /// whether the packages can be had afterwards.
    pub(super) fn update(&self) {
        if let Err(reason) = self.run("apt-get", &["-qq", "update"]) {
            tracing::debug!(reason, "some package lists could not be read");
        }
    }

    /// The names that `package` depends on, alternatives included.
    pub(super) fn dependencies(&self, package: &str) -> Result<Vec<String>, String> {
        let only_needs = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
        let mut arguments = vec!["depends".to_owned()];
        arguments.extend(only_needs.map(|relation| format!("--no-{relation}")));
        arguments.push(package.to_owned());
        let listing = self.run("apt-cache", &arguments)?;
        Ok(listing
            .lines()
            .filter_map(|line| line.split_once("Depends: "))
            .map(|(_, name)| name.trim().to_owned())
            .collect())
    }

    /// The packages that the system has.
    pub(super) fn installed(&self) -> Result<BTreeSet<String>, String> {
        let listing = self.run("dpkg-query", &["-W", "-f", "${db:Status-Status} ${Package}\n"])?;
        Ok(listing.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect())
    }

    /// Downloads the packages, whose signatures the tool checks, and unpacks them below `root`.
    pub(super) fn unpack(&self, packages: &BTreeSet<String>, root: &Path) -> Result<(), String> {
        let mut arguments = vec!["-qq".to_owned(), "download".to_owned()];
        arguments.extend(packages.iter().cloned());
        self.run("apt-get", &arguments)?;
        let archives = self.dir.join("packages").read_dir().map_err(|error| error.to_string())?;
        for archive in archives.filter_map(Result::ok) {
            let (archive, root) = (archive.path().into_os_string(), root.as_os_str().to_owned());
            self.run("dpkg-deb", &["-x".into(), archive, root])?;
        }
        Ok(())
    }

    fn run<S: AsRef<std::ffi::OsStr>>(&self, program: &str, arguments: &[S]) -> Result<String, String> {
        let output = Command::new(program)
            .args(arguments)
            .env("APT_CONFIG", self.dir.join("apt.conf"))
            .env("LC_ALL", "C")
            .current_dir(self.dir.join("packages"))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{program}: {}", errors.lines().last().unwrap_or("failed").trim()))
    }
}
