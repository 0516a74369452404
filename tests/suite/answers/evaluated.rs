//! `ask --evaluate`: how often answers are right, of a model and of the nearest ready question without one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::model::{Say, scripted, sql};
use crate::warehouse::guarded::published;

#[test]
fn a_model_is_measured_beside_the_nearest_ready_question() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ask/questions.yml");
    let questions: Vec<Value> =
        serde_yaml_ng::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let is_ready = |it: &&Value| it["ready"].is_string();
    let ready = questions.iter().filter(is_ready).count();
    assert!(30 <= questions.len() && questions.len() <= 2 * ready, "{ready}");
    let world = published();
    // Of some of them it knows every answer but the first and the last; the last it cannot write at all.
    let some = questions.iter().filter(is_ready).take(4);
    let some = some.chain(questions.iter().filter(|it| !is_ready(it)).take(4)).cloned();
    let some: Vec<Value> = some.collect();
    world.write("some.yml", &serde_yaml_ng::to_string(&some).unwrap());
    let mut says: Vec<Say> = Vec::new();
    for (at, question) in some.iter().enumerate() {
        match at {
            0 => says.push(sql("select 1 as n")),
            at if at + 1 == some.len() => says.extend(["no", "not", "never"].map(sql)),
            _ => says.push(sql(question["sql"].as_str().unwrap())),
        }
    }
    let model = scripted(says);
    let file = file.display().to_string();
    let url = format!("http://{}", model.address());
    let run = |arguments: &[&str], url: &str| {
        let output = world.command(arguments).env("SNOWTRACK_LLM_URL", url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told: Value =
        serde_json::from_str(&run(&["--json", "ask", "--evaluate", "some.yml"], &url)).unwrap();
    assert_eq!(told["model"], "small:latest");
    let by_model = &told["scores"][0];
    assert_eq!(by_model["answered_by"], "small:latest");
    assert_eq!(by_model["all"], json!({"right": 6, "of": 8}));
    assert_eq!(by_model["with_ready_question"], json!({"right": 3, "of": 4}));
    assert_eq!(by_model["without"], json!({"right": 3, "of": 4}));
    let last = told["questions"].as_array().unwrap().last().unwrap();
    assert!(last["error"].as_str().unwrap().contains("after two repairs"), "{last}");
    assert_eq!(told["scores"][1]["without"], json!({"right": 0, "of": 4}));

    // Without a model, the nearest ready question alone is measured: words find most of them, and can answer no other.
    let text = run(&["ask", "--evaluate", &file], "http://127.0.0.1:1");
    let line = text.lines().find(|line| line.contains("the nearest ready question (no model)"));
    assert!(line.is_some_and(|line| line.contains("13 of 16")), "{text}");
    assert!(text.contains("0 of 16") && !text.contains("small"), "{text}");
}

#[test]
fn a_file_that_is_no_list_of_questions_is_named() {
    let world = published();
    world.write("form.yml", "- question: how many?\n");
    world.write("gold.yml", "- {question: how many?, sql: select nope}\n");
    for (file, wanted) in [
        ("nothing.yml", "could not read the questions `nothing.yml`"),
        ("form.yml", "`form.yml` is no list of questions"),
        ("gold.yml", "the SQL of the question `how many?` has no answer"),
    ] {
        let mut command = world.command(&["ask", "--evaluate", file]);
        let output = command.env("SNOWTRACK_LLM_URL", "http://127.0.0.1:1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
}
