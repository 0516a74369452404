//! The container image is built from a list of files: it has to be all that is compiled, when it is compiled.

fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Files and folders that the build script reads, and those that are compiled in from outside `src`.
fn compiled() -> Vec<String> {
    let (build, mut found) = (read("build.rs"), Vec::new());
    found.extend(
        build
            .split('"')
            .filter(|it| it.contains('/') && !it.contains([' ', '$', ':', '@', '{']))
            .map(String::from),
    );
    let files = super::texts_below("src", "rs");
    for (_, text) in files.into_iter().filter(|(name, _)| !name.contains("tests")) {
        let shipped = super::shipped(&text);
        let included =
            shipped.split("include_str!(\"").skip(1).filter_map(|it| it.split('"').next());
        found.extend(
            included
                .filter(|it| it.contains("../"))
                .map(|it| it.trim_start_matches("../").to_owned()),
        );
    }
    found
}

#[test]
fn the_image_is_built_from_all_that_is_compiled() {
    let (dockerfile, ignored) = (read("docker/Dockerfile"), read(".dockerignore"));
    let copied: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let wanted = compiled();
    assert!(
        wanted.iter().any(|it| it == "dbt/models")
            && wanted.iter().any(|it| it.starts_with("sql/snowflake/setup")),
        "{wanted:?}"
    );
    for file in wanted {
        let is_below = |folder: &str| format!("{file}/").starts_with(&format!("{folder}/"));
        assert!(
            copied.iter().any(|folder| is_below(folder)),
            "`{file}` is compiled, and no layer has it"
        );
        let is_sent = ignored.lines().filter_map(|line| line.strip_prefix('!')).any(is_below);
        assert!(is_sent, "`{file}` is compiled, and .dockerignore keeps it away");
    }
}

/// What the build script reads comes behind the layer of dependencies, so that layer has a build script of its own.
#[test]
fn the_layer_of_dependencies_reads_nothing_that_comes_behind_it() {
    let dockerfile = read("docker/Dockerfile");
    let (layer, behind) = dockerfile
        .split_once("\nCOPY build.rs ./\n")
        .expect("the build script is copied by itself");
    assert!(layer.contains("tee build.rs src/main.rs"), "a build script that does nothing");
    assert!(
        !layer.contains("COPY sql") && !layer.contains("COPY src"),
        "what changes often comes behind it"
    );
    assert!(behind.contains("-exec touch"), "what was compiled in its place is compiled anew");
}
