//! The files of a revision: unpacked beside and swapped in, or replaced one by one under a running q.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cluster_runtime::RevisionSpec;
use cluster_runtime::local::NodeDirectory;
use code_bundle::{Bundle, Limits, Manifest};

use crate::stored_state::Installed;

/// Why the files of a revision could not be put where they belong: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CodeProblem(String);

impl CodeProblem {
    pub(crate) fn interrupted(reason: &str) -> Self {
        CodeProblem(format!(
            "the work on the code directory was interrupted: {reason}"
        ))
    }
}

/// Files of a revision that wait beside the code directory.
#[derive(Debug)]
pub(crate) struct Staged {
    pub installed: Installed,
    path: PathBuf,
}

/// Makes the directories that q sees below `/opt/kx/app`; code scratch exists on general purpose clusters only.
pub(crate) fn prepare_app(
    directory: &NodeDirectory,
    cluster_type: &str,
) -> Result<(), CodeProblem> {
    let app = directory.app();
    let mut wanted = vec!["code", "db", "shared"];
    if cluster_type == "GP" {
        wanted.push("code_scratch");
    }
    for name in wanted {
        let path = app.join(name);
        fs::create_dir_all(&path).map_err(|error| problem("create", &path, &error))?;
    }
    Ok(())
}

/// Unpacks the revision's zip beside the code directory; q may go on running meanwhile.
pub(crate) fn stage(
    directory: &NodeDirectory,
    revision: &RevisionSpec,
) -> Result<Staged, CodeProblem> {
    // Whatever was staged before and not used goes.
    remove_tree(&directory.staging())?;
    let path = directory
        .staging()
        .join(format!("revision-{}", revision.number));
    fs::create_dir_all(&path).map_err(|error| problem("create", &path, &error))?;
    let manifest = match open_bundle(revision)? {
        Some(bundle) => bundle
            .unpack_fresh(&path)
            .map_err(|error| CodeProblem(format!("{error}; check space and permissions there")))?,
        None => Manifest::default(),
    };
    Ok(Staged {
        installed: Installed {
            revision: revision.number,
            manifest,
        },
        path,
    })
}

/// Makes the code directory exactly what was staged. q must not run: for an instant there is no code directory.
pub(crate) fn swap_in(directory: &NodeDirectory, staged: Staged) -> Result<Installed, CodeProblem> {
    let code = directory.code();
    let former = former_code(directory);
    remove_tree(&former)?;
    match fs::rename(&code, &former) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(problem("move", &code, &error)),
    }
    fs::rename(&staged.path, &code).map_err(|error| problem("move code to", &code, &error))?;
    Ok(staged.installed)
}

/// Deletes the code that [`swap_in`] moved away; a failure costs space only.
pub(crate) fn discard_former(directory: &NodeDirectory) {
    if let Err(error) = remove_tree(&former_code(directory)) {
        tracing::warn!(%error, "old files stay");
    }
}

fn former_code(directory: &NodeDirectory) -> PathBuf {
    directory.path().join("former-code")
}

/// Replaces the files of the code directory under a running q: each by write-new-then-rename; those of the former zip
/// that this one lacks go, those the user wrote stay. Repeating it after a failure goes on.
pub(crate) fn replace_in_place(
    directory: &NodeDirectory,
    revision: &RevisionSpec,
    former: &Manifest,
) -> Result<Installed, CodeProblem> {
    let code = directory.code();
    let manifest = match open_bundle(revision)? {
        Some(bundle) => bundle
            .replace_in_place(&code, former)
            .map_err(|error| CodeProblem(format!("{error}; check space and permissions there")))?,
        None => {
            for file in &former.files {
                let path = code.join(file);
                match fs::remove_file(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(problem("remove", &path, &error)),
                }
            }
            Manifest::default()
        }
    };
    Ok(Installed {
        revision: revision.number,
        manifest,
    })
}

fn open_bundle(revision: &RevisionSpec) -> Result<Option<Bundle>, CodeProblem> {
    let Some(artifact) = &revision.code else {
        return Ok(None);
    };
    let number = revision.number;
    let bytes = fs::read(&artifact.path).map_err(|error| {
        CodeProblem(format!(
            "cannot read the code of revision {number} at {}: {error}; deploy the code again",
            artifact.path
        ))
    })?;
    // The limits of the installation were applied before the revision came to be.
    let limits = Limits {
        zip_bytes_max: u64::MAX,
        unpacked_bytes_max: u64::MAX,
        entries_max: u64::MAX,
        ratio_max: u64::MAX,
    };
    let bundle = Bundle::open(bytes, &limits).map_err(|error| {
        CodeProblem(format!(
            "the code of revision {number} at {} is damaged: {error}; deploy the code again",
            artifact.path
        ))
    })?;
    if bundle.sha256() != artifact.sha256 {
        return Err(CodeProblem(format!(
            "the code of revision {number} at {} was changed: its digest is {}, {} was expected; deploy the code again",
            artifact.path,
            bundle.sha256(),
            artifact.sha256
        )));
    }
    Ok(Some(bundle))
}

fn remove_tree(path: &Path) -> Result<(), CodeProblem> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(problem("remove", path, &error))
        }
        _ => Ok(()),
    }
}

fn problem(verb: &str, path: &Path, error: &io::Error) -> CodeProblem {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull => "free space on this disk",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make it writable for the user of qspace"
        }
        _ => "check the disk",
    };
    CodeProblem(format!(
        "cannot {verb} {}: {error}; {advice}",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_runtime::CodeArtifact;

    /// A revision made of these files, as the control plane would keep it.
    fn revision(number: u64, at: &Path, files: &[(&str, &str)]) -> RevisionSpec {
        let source = at.join(format!("source-{number}"));
        for (name, text) in files {
            let path = source.join(name);
            fs::create_dir_all(path.parent().expect("parent")).expect("directory");
            fs::write(path, text).expect("file");
        }
        let zip = code_bundle::pack_directory(&source, &Limits::default()).expect("pack");
        let path = at.join(format!("{number}.zip"));
        fs::write(&path, &zip).expect("zip");
        let bundle = Bundle::open(zip, &Limits::default()).expect("bundle");
        RevisionSpec {
            number,
            code: Some(CodeArtifact {
                sha256: bundle.sha256().to_owned(),
                path: path.display().to_string(),
            }),
            initialization_script: None,
            command_line_arguments: Vec::new(),
        }
    }

    #[test]
    fn a_restart_has_a_clean_directory_and_a_replacement_keeps_what_the_user_wrote() {
        let data = tempfile::tempdir().expect("temporary directory");
        let node = NodeDirectory::at(data.path().join("node"));
        prepare_app(&node, "GP").expect("prepare");
        assert!(node.app().join("code_scratch").is_dir());
        let one = revision(1, data.path(), &[("init.q", "1"), ("lib/old.q", "1")]);
        let two = revision(2, data.path(), &[("init.q", "2"), ("lib/new.q", "2")]);
        let installed = swap_in(&node, stage(&node, &one).expect("stage")).expect("swap");
        assert_eq!(installed.revision, 1);
        let mine = node.code().join("mine.txt");
        fs::write(&mine, "kept").expect("write");

        let installed = replace_in_place(&node, &two, &installed.manifest).expect("replace");
        assert_eq!(installed.revision, 2);
        assert_eq!(
            fs::read_to_string(node.code().join("init.q")).expect("read"),
            "2"
        );
        assert!(node.code().join("lib/new.q").exists());
        assert!(!node.code().join("lib/old.q").exists());
        assert!(mine.exists());

        let installed = swap_in(&node, stage(&node, &one).expect("stage")).expect("swap");
        discard_former(&node);
        assert_eq!(installed.revision, 1);
        assert!(!mine.exists());
        assert!(node.code().join("lib/old.q").exists());
        assert!(!former_code(&node).exists());
    }

    #[test]
    fn missing_and_changed_code_is_named() {
        let data = tempfile::tempdir().expect("temporary directory");
        let node = NodeDirectory::at(data.path().join("node"));
        let mut spec = revision(7, data.path(), &[("init.q", "1")]);
        let artifact = spec.code.as_mut().expect("code");
        artifact.sha256 = "00".into();
        let path = artifact.path.clone();
        let text = stage(&node, &spec).expect_err("changed").to_string();
        assert!(
            text.contains("was changed") && text.contains("revision 7"),
            "{text}"
        );
        fs::remove_file(&path).expect("remove");
        let text = stage(&node, &spec).expect_err("missing").to_string();
        assert!(
            text.contains(&path) && text.contains("deploy the code again"),
            "{text}"
        );
    }
}
