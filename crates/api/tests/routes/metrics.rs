//! `/metrics`, on a listener of its own.

use std::net::SocketAddr;

use crate::support::{App, Client};

#[tokio::test]
async fn metrics_count_answers_by_route_and_never_by_person() {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let app = App::builder().configure(|config| config.metrics_listen = Some(loopback)).start().await;
    app.wearer("very.recognizable").get("/api/reports/2024-01-15").await;
    app.wearer("very.recognizable").get("/no/such/recognizable/path").await;
    app.anonymous().get("/health/ready").await;

    let scraped = Client::new(app.metrics_address.unwrap(), None).get("/metrics").await;
    assert_eq!(scraped.status, 200);
    assert!(scraped.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "bionicpro_http_requests_total{listener=\"api\",route=\"/api/reports/{date}\",method=\"GET\",status=\"404\"}",
        "bionicpro_http_requests_total{listener=\"api\",route=\"unmatched\",method=\"GET\",status=\"404\"}",
        "bionicpro_http_request_duration_seconds_bucket{listener=\"api\",route=\"/api/reports/{date}\",le=\"0.02\"}",
        "bionicpro_api_dependency_up{dependency=\"warehouse\"} 1",
        "bionicpro_http_connections{listener=\"api\"} ",
    ] {
        assert!(scraped.body.contains(line), "{line} is not in\n{}", scraped.body);
    }
    assert!(!scraped.body.contains("recognizable"));
    assert_eq!(app.anonymous().get("/metrics").await.status, 404, "not on the callers' listener");
    assert_eq!(Client::new(app.metrics_address.unwrap(), None).get("/api/reports").await.status, 404);
}
