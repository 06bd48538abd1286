//! The real router in this process, over a database of its own.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use presque::engine::Engine;
use presque::http::{App, AppParts, Site};
use presque::lifecycle::Lifecycle;
use presque::store::Store;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use super::TestDb;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) struct TestApp {
    site: Site,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) db: TestDb,
}

/// Calls the router in this process.
#[derive(Clone)]
pub(crate) struct TestRouter(Site);

/// An answer, as bytes.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        let db = TestDb::fresh().await;
        let store = db.store(8);
        Self::over(db, store, true)
    }

    /// On a database that nobody else uses.
    pub(crate) async fn at(options: PgConnectOptions) -> Self {
        Store::migrate(&options).await.unwrap();
        let store = Store::new(options.clone(), 8);
        Self::over(TestDb::of(options), store, true)
    }

    /// Whose large answers have this many KiB of memory together.
    pub(crate) async fn with_room(kib: usize) -> Self {
        let db = TestDb::fresh().await;
        let store = db.store(8);
        Self::with(db, store, true, presque::http::Answers::of(kib))
    }

    /// Whose queues are not made by their first job.
    pub(crate) async fn strict() -> Self {
        let db = TestDb::fresh().await;
        let store = db.store(8);
        Self::over(db, store, false)
    }

    /// Whose database does not answer: nothing listens on that port.
    pub(crate) async fn without_database() -> Self {
        let db = TestDb::fresh().await;
        let nowhere = PgConnectOptions::new().host("127.0.0.1").port(super::free_port()).username("nobody");
        let store = Store::new(nowhere, 8);
        Self::over(db, store, true)
    }

    /// Another server on the same database.
    pub(crate) fn beside(other: &Self) -> Self {
        let db = other.db.shared();
        let store = db.store(8);
        Self::over(db, store, true)
    }

    /// Another server on the same database, which reaches it in its own way.
    pub(crate) fn with_store(other: &Self, store: Store) -> Self {
        Self::over(other.db.shared(), store, true)
    }

    fn over(db: TestDb, store: Store, auto_create_queues: bool) -> Self {
        Self::with(db, store, auto_create_queues, presque::http::Answers::default())
    }

    /// Which writes each request by itself.
    pub(crate) async fn without_group_commit() -> Self {
        let db = TestDb::fresh().await;
        let store = db.store(8);
        let engine = Engine::new(store.clone(), true, 1);
        Self::around(db, store, engine, presque::http::Answers::default())
    }

    fn with(db: TestDb, store: Store, auto_create_queues: bool, answers: presque::http::Answers) -> Self {
        let engine = Engine::new(store.clone(), auto_create_queues, 250);
        Self::around(db, store, engine, answers)
    }

    fn around(db: TestDb, store: Store, engine: Engine, answers: presque::http::Answers) -> Self {
        let lifecycle = Lifecycle::default();
        engine.start(&tokio_util::task::TaskTracker::new(), &lifecycle.soft_stop);
        let site = Site::new(
            App::new(AppParts {
                engine: engine.clone(),
                store: store.clone(),
                lifecycle: lifecycle.clone(),
                bodies: presque::http::Bodies::default(),
                answers,
                exports: presque::http::Exports::default(),
                payload_bytes_max: 4_194_304,
                metrics_queues_max: 500,
                instance_id: uuid::Uuid::new_v4(),
                cursor_key: std::sync::OnceLock::new(),
            }),
            presque::http::Proxies::default(),
            presque::http::BasePath::default(),
        );
        Self { site, store, engine, lifecycle, db }
    }

    /// The same router behind real connections, until the app's lifecycle stops it.
    pub(crate) async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (site, lifecycle) = (self.site.clone(), self.lifecycle.clone());
        tokio::spawn(async move { presque::http::serve(listener, site, 100, &lifecycle).await });
        address
    }

    /// The router alone, for tasks that outlive a borrow of the app.
    pub(crate) fn router(&self) -> TestRouter {
        TestRouter(self.site.clone())
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.router().send(method, uri, headers, body).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send("GET", uri, &[], Body::empty()).await
    }

    pub(crate) async fn delete(&self, uri: &str) -> Answer {
        self.send("DELETE", uri, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, uri: &str, body: impl Into<Body>) -> Answer {
        self.send("POST", uri, &[JSON], body).await
    }

    pub(crate) async fn put(&self, uri: &str, body: impl Into<Body>) -> Answer {
        self.send("PUT", uri, &[JSON], body).await
    }

    pub(crate) async fn patch(&self, uri: &str, body: impl Into<Body>) -> Answer {
        self.send("PATCH", uri, &[JSON], body).await
    }

    /// Puts a job into a queue through `/v1`; answers what it is answered.
    pub(crate) async fn put_in(&self, queue: &str, job: Value) -> Value {
        let answer = self.post(&format!("/v1/queues/{queue}/jobs"), job.to_string()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// Claims up to this many jobs of a queue.
    pub(crate) async fn claim(&self, queue: &str, max_jobs: usize) -> Vec<Value> {
        let asked = serde_json::json!({"queues": [queue], "max_jobs": max_jobs, "worker_id": "w"});
        let answer = self.post("/v1/jobs/claim", asked.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["jobs"].as_array().unwrap().clone()
    }

    /// Reports on a claimed job: `complete`, `fail`, `release` or `heartbeat`, with these members.
    pub(crate) async fn report(&self, what: &str, job: &Value, members: Value) -> Answer {
        let mut body = serde_json::json!({"lease_token": job["lease_token"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let id = job["id"].as_str().unwrap();
        self.post(&format!("/v1/jobs/{id}/{what}"), body.to_string()).await
    }

    /// The job as it is now, with payload and result.
    pub(crate) async fn job(&self, id: &Value) -> Value {
        let id = id.as_str().unwrap();
        let answer = self.get(&format!("/v1/jobs/{id}?include=payload&include=result")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Runs a statement, as time or an accident would.
    pub(crate) async fn sql(&self, statement: &str) -> u64 {
        let mut connection = self.db.connect().await;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
        done.unwrap().rows_affected()
    }

    /// Puts a job into a queue.
    pub(crate) async fn enqueue(&self, uri: &str, job: &str) {
        self.post(uri, job.to_owned()).await.expect(201, "");
    }

    /// Waits until the database's clock has passed what `now` was plus `seconds`.
    pub(crate) async fn database_now(&self) -> f64 {
        let mut connection = self.db.connect().await;
        sqlx::query_scalar("select extract(epoch from clock_timestamp())::float8")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }
}

impl TestRouter {
    pub(crate) async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.0.answer(request.body(body.into()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send("GET", uri, &[], Body::empty()).await
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body, exactly, and the content type that every classic answer has.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, body: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.text()), (status, body));
        assert_eq!(self.header("content-type"), "application/json");
        self
    }

    /// A problem document with this code; answers it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("urn:presque:problem:{}", code.replace('_', "-")));
        assert_eq!(problem["status"], status);
        assert_eq!(self.header("link"), format!("</docs/errors/{code}>; rel=\"help\""));
        problem
    }

    /// A success, as JSON.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// A success that holds what no reader of Rust takes; its text.
    #[track_caller]
    pub(crate) fn ok_text(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self.text()
    }

    /// A classic refusal, exactly.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, error: &str) -> &Self {
        self.expect(status, &serde_json::json!({ "error": error }).to_string())
    }
}
