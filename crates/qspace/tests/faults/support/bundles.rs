//! The code that the tests deploy.

use qspace::demo::world::World;
use serde_json::Value as Json;

/// Files of a bundle: path and content.
pub(crate) type Files = Vec<(&'static str, String)>;

/// A release that says its number and builds a table.
pub(crate) fn release(version: u32) -> Files {
    vec![
        (
            "init.q",
            format!("system\"l lib/release.q\"\nversion:{version}\nt:([]a:til 1000)\n"),
        ),
        ("lib/release.q", format!("release:{version}\n")),
    ]
}

/// A release whose init script fails at run time.
pub(crate) fn failing() -> Files {
    vec![(
        "init.q",
        "version:3\n-1 \"about to fail\";\n1+`a\n".to_owned(),
    )]
}

/// A release that dies by a timer, again and again, once somebody has called `arm`.
pub(crate) fn mortal() -> Files {
    let init = "version:4\n\
        mark:`:/opt/kx/app/code_scratch/armed\n\
        arm:{mark 0: enlist\"armed\"}\n\
        .awscust.z.ts:{if[not()~key mark;exit 3]}\n\
        system\"t 50\"\n";
    vec![("init.q", init.to_owned())]
}

/// Packs and uploads files; the code configuration that names them.
pub(crate) async fn upload(world: &World, key: &str, files: &Files) -> Json {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    world.upload(key, &files).await.expect("an upload")
}
