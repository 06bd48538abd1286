//! Log lines on standard error, text for people, JSON for machines; and spans for OpenTelemetry.

use std::io::IsTerminal as _;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogArgs, LogFormat};
use crate::metrics::TRACE;

/// What is to be finished at the end of the process.
#[derive(Debug, Default)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Turns logging on for the process, and exporting spans to a collector at `otlp`; an error if a
/// setting cannot be read.
pub fn init(log: &LogArgs, otlp: Option<&str>) -> Result<Telemetry, String> {
    let filter = EnvFilter::try_new(&log.log_filter)
        .map_err(|error| format!("--log (PRESQUE_LOG) {:?}: {error}", log.log_filter))?;
    let lines = tracing_subscriber::fmt::layer().with_span_events(FmtSpan::NONE).with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let Some(endpoint) = otlp else {
        let outcome = tracing_subscriber::registry().with(lines).with(filter).try_init();
        return outcome.map(|()| Telemetry::default()).map_err(|error| error.to_string());
    };
    let provider = provider(endpoint)?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("presque"))
        .with_filter(Targets::new().with_target(TRACE, LevelFilter::TRACE));
    let outcome = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).try_init();
    outcome.map(|()| Telemetry(Some(provider))).map_err(|error| error.to_string())
}

/// Sends spans in batches, by OTLP over HTTP.
fn provider(endpoint: &str) -> Result<SdkTracerProvider, String> {
    let explain =
        |error: &dyn std::fmt::Display| format!("--otlp-endpoint (PRESQUE_OTLP_ENDPOINT) {endpoint:?}: {error}");
    let url: axum::http::Uri = endpoint.parse().map_err(|error| explain(&error))?;
    if url.scheme_str() != Some("http") {
        return Err(explain(&"a URL like http://127.0.0.1:4318 of a collector on this machine or network"));
    }
    let path = if url.path() == "/" { "/v1/traces" } else { "" };
    let exporter =
        SpanExporter::builder().with_http().with_endpoint(format!("{}{path}", endpoint.trim_end_matches('/')));
    let exporter = exporter.build().map_err(|error| explain(&error))?;
    let resource = Resource::builder()
        .with_service_name("presque")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
