//! Jobs as a stream.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Server, TestApp};

async fn many(app: &TestApp, count: usize) {
    for part in 0..count.div_ceil(1000) {
        let jobs: Vec<Value> = (0..1000.min(count - part * 1000))
            .map(|n| json!({"queue": "q", "kind": format!("k{}", n % 3), "payload": {"n": part * 1000 + n}}))
            .collect();
        app.post("/v1/jobs", json!({ "jobs": jobs }).to_string()).await.ok(201);
    }
}

#[tokio::test]
async fn every_job_is_a_line_once_and_as_lists_show_it() {
    let app = TestApp::start().await;
    many(&app, 1234).await;
    app.put_in("other", json!({})).await;
    let answer = app.get("/v1/jobs/export?queue=q").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-ndjson"));
    let jobs: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ids: Vec<&str> = jobs.iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "the newest first, each once");
    ids.dedup();
    assert_eq!(ids.len(), 1234);
    assert_eq!(jobs[..500], app.get("/v1/jobs?queue=q&limit=500").await.json()["data"].as_array().unwrap()[..]);
    // Filters and a limit.
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(app.get("/v1/jobs/export?queue=q&kind=k1").await.text()), 333 + 78);
    assert_eq!(lines(app.get("/v1/jobs/export?queue=q&limit=501").await.text()), 501);
    assert_eq!(lines(app.get("/v1/jobs/export?queue=none").await.text()), 0);
    let with_payload = app.get("/v1/jobs/export?queue=q&include=payload&limit=50").await;
    let newest: Value = serde_json::from_str(with_payload.text().lines().next().unwrap()).unwrap();
    assert_eq!((lines(with_payload.text()), &newest["payload"]), (50, &json!({"n": 1233})));
    for (query, part) in
        [("format=xml", "?format"), ("limit=0", "?limit"), ("sort=created_at", "?sort"), ("state=lost", "?state")]
    {
        let problem = app.get(&format!("/v1/jobs/export?{query}")).await.json();
        assert_eq!(problem["errors"][0]["pointer"], part, "{problem}");
    }
}

#[tokio::test]
async fn csv_keeps_every_text_in_its_field() {
    let app = TestApp::start().await;
    let odd = "a \"b\", c\nd;\u{e4}\u{1f600}";
    app.put_in("q", json!({"payload": odd, "tags": ["x, y", "z"], "dedup_key": odd})).await;
    let job = app.claim("q", 1).await.remove(0);
    app.report("fail", &job, json!({"error": {"message": odd, "error_class": "E"}, "retry": false})).await.ok(200);
    let answer = app.get("/v1/jobs/export?format=csv&include=payload&include=result").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let mut reader = csv::Reader::from_reader(answer.body.as_slice());
    let names = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let field = |name: &str| &rows[0][names.iter().position(|known| known == name).unwrap()];
    assert_eq!((rows.len(), names.len()), (1, 26));
    assert_eq!(
        (field("id"), field("state"), field("tags")),
        (job["id"].as_str().unwrap(), "discarded", r#"["x, y","z"]"#)
    );
    assert_eq!((field("error_message"), field("dedup_key"), field("result")), (odd, odd, ""));
    assert_eq!(serde_json::from_str::<String>(field("payload")).unwrap(), odd);
    assert_eq!(field("created_at"), app.job(&job["id"]).await["created_at"]);
    // What is not there yet is a line of names.
    assert_eq!(app.get("/v1/jobs/export?format=csv&queue=none").await.text().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_run_at_once_and_one_that_breaks_off_is_noticed() {
    let app = TestApp::start().await;
    // More than fits into what a connection takes before anybody reads.
    let jobs = json!({"jobs": vec![json!({"queue": "q", "payload": "x".repeat(64 * 1024)}); 100]}).to_string();
    for _ in 0..6 {
        app.post("/v1/jobs", jobs.clone()).await.ok(201);
    }
    let address = app.listen().await;
    let url = format!("http://{address}/v1/jobs/export?include=payload");
    let client = reqwest::Client::new();
    // Nobody reads them, so they stay.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(client.get(&url).send().await.unwrap());
    }
    assert_eq!(client.get(&url).send().await.unwrap().status(), 503);
    let first = open.pop().unwrap().text().await.unwrap();
    assert_eq!(first.lines().count(), 600);
    let mut broken = client.get(&url).send().await.unwrap();
    assert_eq!(broken.status(), 200);
    // The rest of it cannot be read any more.
    app.sql("alter table presque_internal.job rename to gone").await;
    let ended = loop {
        match broken.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(ended.is_err(), "an end that looks like one would be taken for all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_writes_a_file_that_is_whole_or_not_there() {
    let app = TestApp::start().await;
    many(&app, 1500).await;
    let url = format!("http://{}", app.listen().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.csv");
    let path = file.to_str().unwrap().to_owned();
    let export = |args: &[&str]| {
        let mut command = Server::command();
        command.args(["job", "export", "--url", &url]).args(args);
        async move { tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap() }
    };
    let output = export(&["--format", "csv", "-o", &path, "--queue", "q", "--kind", "k0", "--kind", "k1"]).await;
    assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1 + 334 + 333 + 167 + 167);
    let printed = export(&["--limit", "7", "--include", "payload"]).await;
    assert_eq!(String::from_utf8(printed.stdout).unwrap().lines().count(), 7);
    let wrong = export(&["--state", "lost", "-o", folder.path().join("none").to_str().unwrap()]).await;
    let error = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(2) && error.contains("?state"), "{error}");
    app.sql("alter table presque_internal.queue rename to gone").await;
    let broken = export(&["-o", &path]).await;
    assert_eq!(broken.status.code(), Some(1));
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["jobs.csv"]);
}

/// A balancer that speaks TLS before a server: its URL, and the certificate to trust, as PEM.
async fn behind_tls(server: SocketAddr) -> (String, String) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One that does not trust it ends here.
            let Ok(mut outside) = acceptor.accept(stream).await else { continue };
            let mut inside = TcpStream::connect(server).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        }
    });
    (url, own.cert.pem())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_speaks_https_to_whom_it_trusts() {
    let app = TestApp::start().await;
    many(&app, 600).await;
    let (url, certificate) = behind_tls(app.listen().await).await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    let (_, other) = behind_tls("127.0.0.1:1".parse().unwrap()).await;
    let stranger = folder.path().join("stranger.pem");
    std::fs::write(&stranger, other).unwrap();
    let export = async |url: &str, certificates: &std::path::Path| {
        let mut command = Server::command();
        command.args(["job", "export", "--url", url]);
        command.env("SSL_CERT_FILE", certificates).env_remove("SSL_CERT_DIR");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let output = export(&url, &trusted).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 600);
    let refused = export(&url.replace("https://", "https://me:secret@"), &stranger).await;
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(6) && error.contains("certificate"), "{error}");
    assert!(error.contains(&url) && !error.contains("secret"), "{error}");
    // One that sends everybody elsewhere.
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = format!("http://{}", elsewhere.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = elsewhere.accept().await.unwrap();
        let mut head = [0; 4096];
        assert!(stream.read(&mut head).await.unwrap() > 0);
        let answer =
            "HTTP/1.1 301 Moved Permanently\r\nlocation: https://jobs.example.com/v1\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let moved = export(&moved, &trusted).await;
    let error = String::from_utf8_lossy(&moved.stderr).into_owned();
    assert!(moved.status.code() == Some(1) && error.contains("sends to https://jobs.example.com:"), "{error}");
    let plain = export(&url.replace("https://", "ftp://"), &trusted).await;
    assert!(plain.status.code() == Some(6) && String::from_utf8_lossy(&plain.stderr).contains("https://"));
}
