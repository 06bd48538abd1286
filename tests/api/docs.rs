//! The commands of the documentation, run as they stand there from top to bottom, each
//! page against a fresh server.

use std::fs;
use std::process::Command;

use crate::support::{Folder, Server};

/// Runs a curl line and compares: `expect STATUS PART curl ...`.
const EXPECT: &str = r#"
expect() {
  local status=$1 part=$2 answer
  shift 2
  answer=$("$@" -sS -w '\n%{http_code}')
  [[ ${answer##*$'\n'} = "$status" && $answer = *"$part"* ]] && { count=$((count + 1)); return; }
  printf '%s\nexpected %s %s, got %s\n' "$*" "$status" "$part" "$answer" >&2
  exit 1
}
count=0
"#;

/// The `sh` blocks of a page that send requests, as one script for a server at `url`.
fn script(page: &str, url: &str) -> String {
    let text = fs::read_to_string(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let blocks = text.split("\n```sh\n").skip(1).map(|rest| rest.split_once("\n```").expect("an open block").0);
    let lines = blocks.filter(|block| block.contains("curl")).flat_map(str::lines).map(|line| {
        let Some((command, answer)) = line.split_once("# -> ").filter(|_| line.starts_with("curl ")) else {
            return line.to_owned();
        };
        let (status, part) = answer.trim().split_once(' ').unwrap_or((answer.trim(), ""));
        format!("expect {status} '{}' {command}", part.replace('\'', r"'\''"))
    });
    let lines = lines.collect::<Vec<_>>().join("\n").replace("http://127.0.0.1:5000", url);
    format!("{EXPECT}{lines}\necho \"$count lines\"\n")
}

fn run(page: &str) {
    let folder = Folder::new();
    let server = Server::in_folder(&folder);
    let scratch = tempfile::tempdir().unwrap();
    let script = script(page, &server.url);
    let output = Command::new("bash").args(["-euc", &script]).current_dir(scratch.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{page}: {printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let count: usize = printed.lines().last().and_then(|line| line.strip_suffix(" lines")).unwrap().parse().unwrap();
    let expected = script.lines().filter(|line| line.starts_with("expect ")).count();
    assert!(count == expected && count > 0, "{page}: {count} of {expected} curl lines were run");
}

macro_rules! pages {
    ($($name:ident: $page:literal,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs bash, curl and jq; .ci/run installs them and runs it"]
        async fn $name() {
            run($page);
        }
    )*};
}

pages! {
    the_commands_of_the_readme_work: "README.md",
    the_commands_of_the_quickstart_work: "docs/quickstart.md",
    the_commands_of_the_concepts_page_work: "docs/concepts.md",
    the_commands_and_the_worker_of_the_workers_page_work: "docs/workers.md",
}
