//! The data directory of an installation: its files that the commands share, and the lock of the one server.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_protocol::credentials::Credential;
use rustix::fs::{FlockOperation, flock};

/// The directory used when nothing names another: `$XDG_DATA_HOME/qspace`, else `~/.local/share/qspace`, else
/// `./qspace-data`.
pub fn default_path() -> PathBuf {
    let set = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("qspace-data"), |base| base.join("qspace"))
}

/// An installation's directory.
#[derive(Debug, Clone)]
pub struct DataDirectory {
    path: PathBuf,
}

/// Held for as long as a server runs; the system releases it however the process ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl DataDirectory {
    /// The directory at a path, which need not exist yet.
    pub fn at(path: PathBuf) -> Self {
        DataDirectory { path }
    }

    /// Makes the directory, readable by its owner only, unless it is there.
    pub fn create(&self) -> anyhow::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .with_context(|| format!("cannot make the data directory {}", self.path.display()))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Access keys of the installation, in the format of AWS's shared credentials file.
    pub fn credentials_path(&self) -> PathBuf {
        self.path.join("credentials")
    }

    /// The URL the server answers on.
    pub fn endpoint_path(&self) -> PathBuf {
        self.path.join("endpoint")
    }

    /// The database of the control plane.
    pub fn database_path(&self) -> PathBuf {
        self.path.join("qspace.db")
    }

    /// The embedded object store.
    pub fn objects_path(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// Makes this process the one server of the directory.
    ///
    /// Errors: another process holds the lock; the message has its process id.
    pub fn lock(&self) -> anyhow::Result<ServerLock> {
        let path = self.path.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // The holder's number is a help only; its absence does not matter.
                let _ = (&file).take(20).read_to_string(&mut holder);
                bail!(
                    "the data directory {} is in use by another qspace serve (process {}). Stop it, or give this one its own directory with --data",
                    self.path.display(),
                    if holder.trim().is_empty() {
                        "unknown"
                    } else {
                        holder.trim()
                    }
                );
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let mut note = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        note().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(ServerLock { _file: file })
    }

    /// Writes the credentials file (mode 0600) unless it already holds these keys. True when it was written.
    pub fn write_credentials(&self, credential: &Credential) -> anyhow::Result<bool> {
        let text = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            credential.access_key_id,
            credential.secret.expose()
        );
        let path = self.credentials_path();
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            return Ok(false);
        }
        write_atomically(&path, text.as_bytes(), 0o600)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(true)
    }

    /// Writes the URL the server answers on.
    pub fn write_endpoint(&self, url: &str) -> anyhow::Result<()> {
        let path = self.endpoint_path();
        write_atomically(&path, format!("{url}\n").as_bytes(), 0o644)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// The URL of the installation's server.
    ///
    /// Errors: no server has been started on this directory.
    pub fn read_endpoint(&self) -> anyhow::Result<String> {
        let path = self.endpoint_path();
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}: has qspace serve been started with --data {}?",
                path.display(),
                self.path.display()
            )
        })?;
        Ok(text.trim().to_owned())
    }
}

/// Replaces a file as a whole: readers see the old content or the new, also after a crash.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    // A leftover of a crash may have other rights; it is never kept.
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_protocol::credentials::{Principal, SecretKey};
    use std::os::unix::fs::PermissionsExt;

    fn fresh() -> (tempfile::TempDir, DataDirectory) {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::at(parent.path().join("deep/data"));
        directory.create().unwrap();
        (parent, directory)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn two_servers_cannot_share_a_directory() {
        let (_parent, directory) = fresh();
        let held = directory.lock().unwrap();
        let error = directory.lock().unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(held);
        directory.lock().unwrap();
    }

    #[test]
    fn secrets_are_readable_by_the_owner_only() {
        let (_parent, directory) = fresh();
        assert_eq!(mode(directory.path()), 0o700);
        let credential = Credential {
            access_key_id: "AKIAEXAMPLE".into(),
            secret: SecretKey::new("secret".into()),
            session_token: None,
            expires_at: None,
            principal: Principal::Root,
        };
        assert!(directory.write_credentials(&credential).unwrap());
        assert!(!directory.write_credentials(&credential).unwrap());
        assert_eq!(mode(&directory.credentials_path()), 0o600);
        let text = fs::read_to_string(directory.credentials_path()).unwrap();
        assert_eq!(
            text,
            "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n"
        );
    }

    #[test]
    fn the_endpoint_is_read_back() {
        let (_parent, directory) = fresh();
        assert!(directory.read_endpoint().is_err());
        directory.write_endpoint("http://127.0.0.1:1").unwrap();
        directory.write_endpoint("http://127.0.0.1:2").unwrap();
        assert_eq!(directory.read_endpoint().unwrap(), "http://127.0.0.1:2");
    }
}
