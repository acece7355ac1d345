//! Putting a bundle into a code directory: fresh, or under a process that goes on reading it.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Bundle, BundleError, EntryKind, EntryName, Manifest};

/// Why a bundle could not be installed; the directory holds a mix of old and new files only after
/// [`Bundle::replace_in_place`], never after [`Bundle::unpack_fresh`].
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write {}: '{}' is a link; remove it and deploy again", file.display(), link.display())]
    LinkInTheWay { file: PathBuf, link: PathBuf },
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_path_buf();
    move |source| InstallError::Io {
        action,
        path,
        source,
    }
}

impl Bundle {
    /// Makes `directory` hold exactly this bundle: unpacks beside it, then swaps. What was there before is gone.
    ///
    /// # Errors
    /// [`InstallError`]; the former content is then still in place.
    pub fn unpack_fresh(&self, directory: &Path) -> Result<Manifest, InstallError> {
        let beside =
            |suffix: &str| directory.with_file_name(format!(".{}.{suffix}", file_name(directory)));
        let (fresh, former) = (beside("new"), beside("old"));
        remove_tree(&fresh)?;
        remove_tree(&former)?;
        fs::create_dir_all(&fresh).map_err(failed("create", &fresh))?;
        self.write_entries(&fresh)?;
        match fs::rename(directory, &former) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("move", directory)(error)),
        }
        fs::rename(&fresh, directory).map_err(failed("move", &fresh))?;
        remove_tree(&former)?;
        Ok(Manifest::of(self))
    }

    /// Brings this bundle into a directory that a process is reading: every file by write-new-then-rename, then the files
    /// of the `former` bundle that this one lacks are removed. Files that no bundle brought stay.
    ///
    /// # Errors
    /// [`InstallError`]; some files may be new already. Calling again goes on.
    pub fn replace_in_place(
        &self,
        directory: &Path,
        former: &Manifest,
    ) -> Result<Manifest, InstallError> {
        fs::create_dir_all(directory).map_err(failed("create", directory))?;
        self.write_entries(directory)?;
        for gone in former.missing_from(self) {
            self.remove_file(directory, &gone)?;
        }
        Ok(Manifest::of(self))
    }

    fn write_entries(&self, directory: &Path) -> Result<(), InstallError> {
        for (name, entry) in self.entries() {
            make_parents(directory, name)?;
            let path = directory.join(name.as_str());
            match &entry.kind {
                EntryKind::Directory => make_directory(&path)?,
                EntryKind::Link { target } => {
                    replace_with(&path, |temporary| symlink(target, temporary))?
                }
                EntryKind::File { .. } => {}
            }
        }
        self.for_each_file(|name, entry, content| {
            let path = directory.join(name.as_str());
            let executable = matches!(
                entry.kind,
                EntryKind::File {
                    executable: true,
                    ..
                }
            );
            replace_with(&path, |temporary| {
                write_file(temporary, content, executable)
            })
        })
    }

    /// Removes one file and the directories above it that are empty now and no part of this bundle.
    fn remove_file(&self, directory: &Path, name: &EntryName) -> Result<(), InstallError> {
        let path = directory.join(name.as_str());
        if first_link(directory, name).is_some() {
            return Ok(()); // the user put a link there; what lies behind it is not ours
        }
        match fs::remove_file(&path) {
            Ok(()) => {}
            // gone already, or a file of the new bundle stands where its directory was
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(());
            }
            // a directory of the new bundle, or the user's, stands there now
            Err(_) if path.is_dir() => return Ok(()),
            Err(error) => return Err(failed("remove", &path)(error)),
        }
        let parents: Vec<&str> = name.parents().collect();
        for parent in parents.into_iter().rev() {
            let wanted = EntryName::parse(parent.as_bytes())
                .is_ok_and(|parent| self.entry(&parent).is_some());
            if wanted || fs::remove_dir(directory.join(parent)).is_err() {
                break; // not empty, or part of the bundle
            }
        }
        Ok(())
    }
}

fn file_name(directory: &Path) -> String {
    directory
        .file_name()
        .map_or_else(|| "code".into(), |name| name.to_string_lossy().into_owned())
}

fn remove_tree(path: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The first link among the directories above an entry.
fn first_link(directory: &Path, name: &EntryName) -> Option<PathBuf> {
    name.parents()
        .map(|parent| directory.join(parent))
        .find(|path| path.is_symlink())
}

fn make_parents(directory: &Path, name: &EntryName) -> Result<(), InstallError> {
    for parent in name.parents() {
        let path = directory.join(parent);
        if path.is_symlink() {
            return Err(InstallError::LinkInTheWay {
                file: directory.join(name.as_str()),
                link: path,
            });
        }
        make_directory(&path)?;
    }
    Ok(())
}

/// Makes a directory; a file or link in its place (of a former bundle) gives way.
fn make_directory(path: &Path) -> Result<(), InstallError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => fs::remove_file(path).map_err(failed("remove", path))?,
        Err(_) => {}
    }
    fs::create_dir(path).map_err(failed("create", path))
}

/// Writes a new file under a temporary name in the same directory and renames it over the old one.
fn replace_with(
    path: &Path,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), InstallError> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".qspace-{}-{number}", std::process::id()));
    if path.is_dir() && !path.is_symlink() {
        remove_tree(path)?; // a directory of a former bundle became a file
    }
    let renamed = write(&temporary).and_then(|()| fs::rename(&temporary, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary); // best effort: the write already failed
    }
    renamed.map_err(failed("write", path))
}

fn write_file(path: &Path, content: &mut dyn Read, executable: bool) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    io::copy(content, &mut file)?;
    file.set_permissions(Permissions::from_mode(if executable {
        0o755
    } else {
        0o644
    }))?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::bundle::tests::zip_of;
    use crate::{Bundle, InstallError, Limits};

    fn bundle(files: &[(&str, &str)]) -> Bundle {
        Bundle::open(zip_of(files), &Limits::default()).expect("harmless")
    }

    fn tree(directory: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut open = vec![directory.to_path_buf()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).expect("readable").flatten() {
                if entry.path().is_dir() {
                    open.push(entry.path());
                } else {
                    let name = entry
                        .path()
                        .strip_prefix(directory)
                        .expect("inside")
                        .display()
                        .to_string();
                    found.push((name, fs::read_to_string(entry.path()).expect("text")));
                }
            }
        }
        found.sort();
        found
    }

    fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files
            .iter()
            .map(|(name, content)| ((*name).into(), (*content).into()))
            .collect()
    }

    #[test]
    fn a_fresh_unpack_leaves_only_the_bundle() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let code = temporary.path().join("code");
        bundle(&[("a.q", "1"), ("lib/b.q", "2")])
            .unpack_fresh(&code)
            .expect("unpacks");
        fs::write(code.join("scratch.txt"), "user").expect("writable");
        bundle(&[("a.q", "3")])
            .unpack_fresh(&code)
            .expect("unpacks");
        assert_eq!(tree(&code), pairs(&[("a.q", "3")]));
        assert_eq!(
            fs::read_dir(temporary.path()).expect("readable").count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn in_place_removes_what_the_former_zip_brought_and_keeps_what_the_user_wrote() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let code = temporary.path().join("code");
        let former = bundle(&[("a.q", "1"), ("old/b.q", "2"), ("lib/c.q", "3")])
            .unpack_fresh(&code)
            .expect("unpacks");
        fs::write(code.join("lib/user.txt"), "mine").expect("writable");
        let open_handle = fs::File::open(code.join("a.q")).expect("open");
        let manifest = bundle(&[("a.q", "9"), ("new/d.q", "4")])
            .replace_in_place(&code, &former)
            .expect("replaces");
        assert_eq!(
            tree(&code),
            pairs(&[("a.q", "9"), ("lib/user.txt", "mine"), ("new/d.q", "4")])
        );
        assert!(!code.join("old").exists());
        assert_eq!(manifest.files.len(), 2);
        assert_eq!(
            std::io::read_to_string(open_handle).expect("readable"),
            "1",
            "a reader keeps the old content"
        );
    }

    #[test]
    fn files_become_directories_and_back() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let code = temporary.path().join("code");
        let first = bundle(&[("x", "file"), ("y/z", "below")])
            .unpack_fresh(&code)
            .expect("unpacks");
        bundle(&[("x/in.q", "1"), ("y", "2")])
            .replace_in_place(&code, &first)
            .expect("replaces");
        assert_eq!(tree(&code), pairs(&[("x/in.q", "1"), ("y", "2")]));
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let (code, outside) = (
            temporary.path().join("code"),
            temporary.path().join("outside"),
        );
        fs::create_dir_all(&outside).expect("writable");
        fs::create_dir_all(&code).expect("writable");
        std::os::unix::fs::symlink(&outside, code.join("lib")).expect("link");
        let refused = bundle(&[("lib/x.q", "1")]).replace_in_place(&code, &Default::default());
        assert!(matches!(refused, Err(InstallError::LinkInTheWay { .. })));
        assert_eq!(tree(&outside), []);
    }
}
