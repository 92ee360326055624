//! The faulty network, in front of a plain echo server: it treats pieces as documented.
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails by a panic")]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;
use bionicpro_testing::{End, Network, Proxy, Weather};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long enough for a response on a busy machine, short enough to wait for none.
const SILENT_FOR: Duration = Duration::from_millis(300);

async fn echo() -> (Network, Proxy) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://u:p@127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let network = Network::new();
    let proxy = network.way_to(&SecretUrl::parse(&url).unwrap()).await;
    (network, proxy)
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.url.address()).await.unwrap()
}

async fn say(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await.map(|_| answer)
}

#[tokio::test]
async fn in_any_weather_every_byte_arrives_in_order() {
    let (network, proxy) = echo().await;
    let text: Vec<u8> = (0..20_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let mut stream = connect(&proxy).await;
    for weather in [Weather::Clear, Weather::Slices(1), Weather::Latency(Duration::from_millis(5))] {
        network.weather(weather);
        assert_eq!(say(&mut stream, &text).await.unwrap(), text, "{weather:?}");
    }
    network.weather(Weather::Bandwidth(20_000));
    let began = Instant::now();
    assert_eq!(say(&mut stream, &text[..4_000]).await.unwrap(), text[..4_000]);
    assert!(began.elapsed() > Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_reset_ends_every_connection_at_its_piece_and_every_later_one() {
    let (network, proxy) = echo().await;
    let (mut one, mut idle) = (connect(&proxy).await, connect(&proxy).await);
    say(&mut idle, b"hello").await.unwrap();
    network.stop_at(2, End::Reset);
    // The first piece passes; its response is the second.
    assert_eq!(say(&mut one, b"hello").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(idle.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(say(&mut connect(&proxy).await, b"hello").await.is_err());
    network.go_on();
    assert_eq!(say(&mut connect(&proxy).await, b"hello").await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_close_is_an_end_in_order() {
    let (network, proxy) = echo().await;
    let mut stream = connect(&proxy).await;
    network.stop_at(1, End::Close);
    assert_eq!(say(&mut stream, b"hello").await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_piece_that_waits_in_silence_passes_or_is_lost_as_the_test_says() {
    let (network, proxy) = echo().await;
    for is_lost in [false, true] {
        let mut stream = connect(&proxy).await;
        say(&mut stream, b"before").await.unwrap();
        network.stop_at(1, End::Silence);
        stream.write_all(b"hello").await.unwrap();
        network.stopped().await;
        let mut answer = [0; 5];
        assert!(tokio::time::timeout(SILENT_FOR, stream.read_exact(&mut answer)).await.is_err());
        assert_eq!(network.pieces(), 1);
        if is_lost {
            network.reset()
        } else {
            network.go_on()
        }
        assert_eq!(stream.read_exact(&mut answer).await.is_err(), is_lost);
        assert_eq!(say(&mut connect(&proxy).await, b"hello").await.unwrap(), b"hello");
    }
}
