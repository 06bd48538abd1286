//! The curl lines of the README, run as they stand there, against a server started as
//! it says.

use std::fs;
use std::process::Command;

use crate::support::{Folder, Server};

/// The lines of the README's block that begins with this comment.
fn block(first_line: &str) -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme.split("```").find(|block| block.contains(first_line)).expect(first_line);
    block.lines().skip(1).filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_curl_lines_of_the_readme_do_what_it_says() {
    let folder = Folder::new();
    let server = Server::in_folder(&folder);
    let lines = block("# put a job in");
    assert!(lines.len() >= 12, "{lines:#?}");
    for line in lines {
        // What stands behind `# ->` is the answer's beginning: its status, or its body.
        let (command, expected) = line.split_once("# -> ").unwrap_or_else(|| panic!("{line}: no answer given"));
        let command = command.replace("http://127.0.0.1:5000", &server.url);
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{} -sS -w '\\n%{{http_code}}'", command.trim()))
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (body, status) = printed.rsplit_once('\n').unwrap();
        let answer = if body.is_empty() { status.to_owned() } else { format!("{status} {body}") };
        assert_eq!(answer, expected.trim(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
