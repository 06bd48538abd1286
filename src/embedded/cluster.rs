//! The folder: who owns it on disk, and making a cluster in it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::User;

use super::binaries::Binaries;
use super::postmaster;
use super::{Error, NAME, Options};

/// Names the socket file only: no port is opened.
pub(super) const PORT: u16 = 5432;

/// `sockaddr_un` has room for 107 bytes; `/socket/.s.PGSQL.5432` takes 21.
const FOLDER_BYTES_MAX: usize = 80;

pub(super) fn socket_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("socket")
}

/// A folder that is ready for a cluster of one major version.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) folder: PathBuf,
    pub(super) binaries: Binaries,
    /// Whom PostgreSQL runs as; `None` for the user of this process.
    pub(super) user: Option<User>,
    pub(super) durable: bool,
}

impl Cluster {
    /// Makes the folder and finds the programs; starts nothing.
    pub(super) fn prepare(options: &Options) -> Result<Self, Error> {
        let folder = options.data_dir.clone();
        if folder.as_os_str().len() > FOLDER_BYTES_MAX {
            return Err(Error::PathTooLong(folder));
        }
        let binaries = Binaries::find(options.postgres_bin.as_deref(), |major| data(&folder, major).exists())?;
        refuse_other_major(&folder, binaries.major)?;
        let user = if nix::unistd::geteuid().is_root() { Some(user_of(&data(&folder, binaries.major))?) } else { None };
        let cluster = Self { folder, binaries, user, durable: options.durable };
        let is_new = !cluster.folder.exists();
        fs::create_dir_all(&cluster.folder).map_err(|error| folder_error(&cluster.folder, error))?;
        if is_new && cluster.user.is_some() {
            // PostgreSQL's user must get through, whatever our umask; a folder that was
            // there before is its owner's business.
            let mode = fs::Permissions::from_mode(0o711);
            fs::set_permissions(&cluster.folder, mode).map_err(|error| folder_error(&cluster.folder, error))?;
        }
        let sockets = socket_dir(&cluster.folder);
        fs::create_dir_all(&sockets).map_err(|error| folder_error(&sockets, error))?;
        Ok(cluster)
    }

    pub(super) fn data(&self) -> PathBuf {
        data(&self.folder, self.binaries.major)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    /// Gives PostgreSQL's user what it writes to. Only by the owner of the lock.
    pub(super) fn hand_over(&self) -> Result<(), Error> {
        let sockets = socket_dir(&self.folder);
        // Somebody else's folder may hold a link in place of ours: never follow it as root.
        refuse_link(&sockets)?;
        let own = |path: &Path, mode| -> io::Result<()> {
            if let Some(user) = &self.user {
                std::os::unix::fs::lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            }
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
        };
        // Trust authentication is safe because nobody else gets into this folder.
        own(&sockets, 0o700).map_err(|error| folder_error(&sockets, error))?;
        Ok(())
    }

    /// Makes the cluster, unless it is there. It is built beside its place and renamed,
    /// so an interrupted first start leaves nothing that looks like a cluster. The draft
    /// is this process's own: an `initdb` of a killed server may still write to another.
    pub(super) fn init(&self) -> Result<(), Error> {
        let data = self.data();
        if data.exists() {
            return Ok(());
        }
        tracing::info!(folder = %self.folder.display(), version = self.binaries.version, "making a private PostgreSQL");
        self.remove_drafts();
        let draft = self.folder.join(format!("draft-{}", std::process::id()));
        fs::create_dir(&draft).map_err(|error| folder_error(&draft, error))?;
        if let Some(user) = &self.user {
            std::os::unix::fs::lchown(&draft, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .map_err(|error| folder_error(&draft, error))?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&draft).args([
            "--username",
            NAME,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ]);
        if !self.durable {
            initdb.arg("--no-sync");
        }
        postmaster::end_with_parent(&mut initdb, Signal::SIGKILL);
        let output = initdb.output().map_err(|error| Error::Initdb(error.to_string()))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Initdb(format!("{}{}", text.trim(), self.hint(&text))));
        }
        fs::rename(&draft, &data).map_err(|error| folder_error(&data, error))?;
        let parent = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        parent.map_err(|error| folder_error(&self.folder, error))
    }

    /// Removes what interrupted first starts left; what cannot be removed harms nobody.
    fn remove_drafts(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("draft-")
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::debug!(path = %entry.path().display(), %error, "a draft was left");
            }
        }
    }

    /// A program of PostgreSQL, as its user and out of any folder it may not enter.
    pub(super) fn command(&self, program: &str) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(self.binaries.program(program));
        command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// What may help, judging by what PostgreSQL said.
    pub(super) fn hint(&self, said: &str) -> String {
        match &self.user {
            Some(user) if said.contains("Permission denied") => format!(
                "\nPostgreSQL runs as the user `{}` here, who must be able to enter {}: choose another --data-dir",
                user.name,
                self.folder.display()
            ),
            _ => String::new(),
        }
    }
}

fn data(folder: &Path, major: u32) -> PathBuf {
    folder.join(format!("data-{major}"))
}

/// Whom PostgreSQL runs as when we are root, which it refuses to run as: the owner of the
/// data, else the user that the packages make for it, else `nobody`.
fn user_of(data: &Path) -> Result<User, Error> {
    use std::os::unix::fs::MetadataExt as _;
    refuse_link(data)?;
    if let Ok(found) = fs::metadata(data) {
        let owner = User::from_uid(nix::unistd::Uid::from_raw(found.uid())).ok().flatten();
        return owner.filter(|user| !user.uid.is_root()).ok_or_else(|| {
            Error::Start(format!(
                "{} belongs to the user id {}, which PostgreSQL cannot run as: give it to the user `postgres`",
                data.display(),
                found.uid()
            ))
        });
    }
    let find = |name| User::from_name(name).ok().flatten();
    if let Some(user) = find("postgres") {
        return Ok(user);
    }
    let nobody = find("nobody").ok_or_else(|| {
        Error::Start("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`".to_owned())
    })?;
    tracing::warn!(
        "there is no user `postgres`: the private PostgreSQL will belong to `nobody`, and to every other program that \
         runs as `nobody`; make one with: useradd --system postgres"
    );
    Ok(nobody)
}

/// Refuses a symbolic link where a folder of ours should be.
fn refuse_link(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(Error::Folder {
            path: path.to_owned(),
            source: io::Error::other("it is a symbolic link"),
            hint: "\nput the folder itself there, or name another one with --data-dir",
        }),
        _ => Ok(()),
    }
}

pub(super) fn folder_error(path: &Path, source: io::Error) -> Error {
    Error::Folder {
        path: path.to_owned(),
        hint: if source.kind() == io::ErrorKind::PermissionDenied {
            "\nname a folder you may write to with --data-dir"
        } else {
            ""
        },
        source,
    }
}

/// Refuses to begin an empty cluster beside one of another major version: its jobs would
/// seem to be gone.
fn refuse_other_major(folder: &Path, major: u32) -> Result<(), Error> {
    if data(folder, major).exists() {
        return Ok(());
    }
    let mut names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    match names.find(|name| name.to_string_lossy().starts_with("data-")) {
        Some(other) => Err(Error::Start(format!(
            "{} holds {}, and the programs found are of PostgreSQL {major}: install that version again, or name an \
             empty folder with --data-dir and bring the data over with pg_dump",
            folder.display(),
            other.to_string_lossy()
        ))),
        None => Ok(()),
    }
}
