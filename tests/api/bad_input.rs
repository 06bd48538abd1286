//! What no client should send: the contract's refusal, never a 500, never a panic.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::TestApp;

/// 200 and more names that are none, as they stand in a path.
fn names_from_hell() -> Vec<String> {
    let written = r"
        %20 a%20b %00 a%00b %0a %0d%0aSet-Cookie:x %ff %c0%80 %f0%9f%92%a9 %e2%80%ae %7f . .. ... %2e%2e -a
        +a @a :a .a a%2fb a/b a//b / // a/ %5c a;b a,b a'b a%22b '%3bdrop%20table%20queue%3b-- a%60b $(id)
        $%7bjndi%3aldap%7d %3cscript%3e a*b a%3fb a%23b a%25b a!b a(b) a=b a&b a~b a%5eb a%7cb %d0%b0
        %ef%bc%a1 %c3%a9 caf%c3%a9 %e2%80%8b a%e2%80%8b %ef%bb%bfa %f3%a0%81%a1 %ed%a0%80 %fe%ff a%09b a%0bb
        a%1bb a%1b[31m %u0041 %25%30%30 __proto__%00 ..; %2e%2e%2fetc%2fpasswd a%c2%a0b %cc%81 a%cc%81
        %e1%9a%80 %e2%80%a8
    ";
    let mut names: Vec<String> = written.split_whitespace().map(str::to_owned).collect();
    names.push("a".repeat(129));
    names.push("a".repeat(4000));
    names.push("%61".repeat(200));
    for byte in 0_u8..=255 {
        let allowed = byte.is_ascii_alphanumeric() || b"_.:@+-".contains(&byte);
        if !allowed {
            names.push(format!("a%{byte:02x}"));
        }
    }
    names
}

#[tokio::test]
async fn no_name_from_hell_is_taken() {
    let app = TestApp::start().await;
    let names = names_from_hell();
    assert!(names.len() > 200);
    for name in &names {
        for (method, route) in
            [("POST", "q"), ("GET", "q"), ("GET", "qb"), ("GET", "j"), ("GET", "control"), ("GET", "status")]
        {
            let answer =
                app.send(method, &format!("/{route}/{name}"), &[("content-type", "application/json")], "1").await;
            let expected: &[u16] = if name == "/" || name == "//" { &[400, 404] } else { &[400] };
            assert!(expected.contains(&answer.status.as_u16()), "{method} /{route}/{name}: {answer:?}");
            assert_eq!(answer.json()["error"].as_str().unwrap(), "invalid queue name", "{name}");
        }
    }
    assert_eq!(app.get("/status").await.json()["size"], 0);
}

#[tokio::test]
async fn the_odd_names_that_the_contract_allows_are_taken() {
    let app = TestApp::start().await;
    let long = "z".repeat(128);
    for name in ["_", "0", "a", "__proto__", "constructor", "null", "A_b.C:d@e+f-9", "a%2Bb", "%61", &long, "select"] {
        app.enqueue(&format!("/q/{name}"), "1").await;
        app.get(&format!("/q/{name}")).await.expect(200, "1");
    }
    assert_eq!(app.get("/status").await.json()["queues"][0], "0");
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_and_leave_nothing() {
    let app = TestApp::start().await;
    let deep = "[".repeat(20_000);
    let nested = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let wide = "[1,".repeat(80_000);
    let bodies: Vec<&[u8]> = vec![
        b" ",
        b"{",
        b"}",
        b"{\"a\":}",
        b"{}{}",
        b"[1] x",
        b"nul",
        b"tru",
        b"undefined",
        b"NaN",
        b"Infinity",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"'a'",
        b"\"",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"a\nb\"",
        b"\"\x00\"",
        b"\x00",
        b"\xFF",
        b"\xEF\xBB\xBF{}",
        b"\xC0\xAF",
        b"\"\xED\xA0\x80\"",
        b"\xFF\xFE{\x00}\x00",
        b"{\"a\":1,}",
        b"[1,]",
        b"// c\n1",
        deep.as_bytes(),
        nested.as_bytes(),
        wide.as_bytes(),
        b"\x80\x04\x95",
        b"<xml/>",
        b"a=b&c=d",
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        for uri in ["/q/foo", "/qb/foo"] {
            for method in ["POST", "PUT"] {
                let answer = app.send(method, uri, &[("content-type", "application/json")], body.to_vec()).await;
                assert_eq!(answer.status, 400, "{method} {uri} {shown}");
            }
        }
        app.post("/q/foo", body.to_vec()).await.refuses(400, "invalid JSON");
        let control = app.post("/control/foo", body.to_vec()).await;
        assert_eq!(control.status, 400, "{shown}: {control:?}");
    }
    let in_batch = format!(r#"{{"jobs":[1,{nested}]}}"#);
    app.post("/qb/foo", in_batch).await.refuses(400, "invalid JSON");
    assert_eq!(app.get("/status").await.json()["size"], 0);
}

#[tokio::test]
async fn parameters_of_the_wrong_kind_never_reach_the_database_as_they_are() {
    let app = TestApp::start().await;
    for value in [
        "%00",
        "%ff",
        "'",
        "1e999",
        "-1e999",
        "0x1",
        "9".repeat(400).as_str(),
        "%F0%9F%92%A9",
        "true",
        "null",
        "[]",
        "1;2",
    ] {
        for uri in [
            format!("/q/foo?delayed={value}"),
            format!("/q/foo?uniq={value}"),
            format!("/q/foo?worker_id={value}"),
            format!("/qb/foo?delayed={value}"),
        ] {
            let answer = app.post(&uri, r#"{"jobs":[]}"#).await;
            assert!([201, 400].contains(&answer.status.as_u16()), "{uri}: {answer:?}");
        }
        for uri in [
            format!("/qb/foo?batch_size={value}"),
            format!("/w/?worker_id={value}"),
            format!("/w/?queue_name={value}"),
            format!("/status/foo?with_desc={value}"),
            format!("/q/foo?worker_id={value}"),
        ] {
            let answer = app.get(&uri).await;
            assert!([200, 400, 404].contains(&answer.status.as_u16()), "{uri}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_and_head_takes_no_job() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo", "1").await;
    for (uri, allow) in [
        ("/q/foo", "DELETE, GET, POST, PUT"),
        ("/qb/foo", "DELETE, GET, POST, PUT"),
        ("/j/foo", "GET"),
        ("/status/", "GET"),
        ("/status", "GET"),
        ("/status/foo", "GET"),
        ("/control/foo", "GET, POST"),
        ("/w/", "DELETE, GET, POST"),
        ("/w/foo", "DELETE, GET, POST"),
    ] {
        for method in ["PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"] {
            let answer = app.send(method, uri, &[], "").await;
            assert_eq!(answer.status, 405, "{method} {uri}");
            let mut listed: Vec<&str> = answer.header("allow").split(", ").collect();
            listed.sort_unstable();
            assert_eq!(listed.join(", "), allow, "{method} {uri}");
            answer.refuses(405, "method not allowed");
        }
    }
    app.get("/q/foo").await.expect(200, "1");
}

#[tokio::test]
async fn a_route_without_a_queue_name_says_so() {
    let app = TestApp::start().await;
    for prefix in ["/q", "/qb", "/j", "/control"] {
        for slash in ["", "/"] {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                app.send(method, &format!("{prefix}{slash}"), &[], "1").await.refuses(404, "queue name is missing");
            }
        }
    }
    app.get(&format!("/q/foo?uniq={}", "x".repeat(9000))).await.refuses(414, "uri is too long");
    for method in ["POST", "DELETE"] {
        app.send(method, "/w/", &[], "").await.refuses(404, "queue name is missing");
        app.send(method, "/w", &[], "").await.refuses(404, "queue name is missing");
    }
}

/// Sends raw bytes and reads until the server closes or `within` is over.
async fn raw(address: std::net::SocketAddr, bytes: &[u8], within: Duration) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close while we still send: that is an answer, too.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(within, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn bytes_that_are_no_http_end_the_connection_and_nothing_else() {
    let app = TestApp::start().await;
    let address = app.listen().await;
    let long_uri = format!("GET /q/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000));
    let long_header = |bytes| format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(bytes));
    let many = |lines| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(lines));
    for (bytes, status) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], "HTTP/1.1 400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "HTTP/1.1 400"),
        (b"POST /q/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: +5\r\n\r\n12345", "HTTP/1.1 400"),
        (b"POST /q/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n1", "HTTP/1.1 413"),
        (b"POST /q/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"),
        (long_uri.as_bytes(), "HTTP/1.1 414"),
        (long_header(40_000).as_bytes(), "HTTP/1.1 431"),
        (long_header(70_000).as_bytes(), "HTTP/1.1 431"),
        (long_header(100_000).as_bytes(), "HTTP/1.1 431"),
        (many(150).as_bytes(), "HTTP/1.1 431"),
        (many(250).as_bytes(), "HTTP/1.1 431"),
        (b"GET /\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let answer = raw(address, bytes, Duration::from_secs(2)).await;
        assert!(answer.starts_with(status), "{:?} got {answer:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
    }
    let alive =
        raw(address, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", Duration::from_secs(5)).await;
    assert!(alive.contains("alive"), "{alive}");
    assert_eq!(app.get("/status").await.json()["size"], 0);
}

#[tokio::test]
async fn a_client_that_trickles_its_headers_is_cut_off_and_an_idle_one_is_not() {
    let app = TestApp::start().await;
    let address = app.listen().await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let begun = Instant::now();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    for byte in b"GET /livez HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".iter().cycle() {
        if slow.write_all(&[*byte]).await.is_err() {
            break;
        }
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(250), slow.read_to_end(&mut answer)).await {
            drop(read);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "a slow client was served for {:?}", begun.elapsed());
    }
    assert!(begun.elapsed() > Duration::from_secs(9), "cut off after {:?}", begun.elapsed());
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut alive = String::new();
    idle.read_to_string(&mut alive).await.unwrap();
    assert!(alive.contains("alive"), "{alive}");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_harms_nobody() {
    let app = TestApp::start().await;
    let address = app.listen().await;
    for cut in 0..40 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            b"POST /q/foo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n\"whole\"";
        stream.write_all(&request[..request.len() - cut % 8]).await.unwrap();
        tokio::time::sleep(Duration::from_micros(200 * (cut as u64 % 10))).await;
        drop(stream);
    }
    for _ in 0..50 {
        app.enqueue("/q/bar", "1").await;
    }
    let mut connection = app.db.connect().await;
    let in_transaction: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(in_transaction, 0);
    while let Ok(jobs) = serde_json::from_slice::<Vec<String>>(&app.get("/qb/foo?batch_size=100").await.body) {
        assert!(jobs.iter().all(|job| job == "\"whole\""), "half a job was stored: {jobs:?}");
    }
}
