//! A browser and a client for tests of the issuer: cookies and forms, some of them wrong on purpose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bionicpro_auth::testing::ManualClock;
use bionicpro_auth::{Clock, Config, Verifier};
use bionicpro_auth::{Compact, KeySet};
use bionicpro_issuer::{ClientOptions, DemoMode, Issuer, IssuerOptions};
use bionicpro_model::Secret;
use serde_json::Value;
use url::Url;

use crate::NOW;

pub(super) const CALLBACK: &str = "http://127.0.0.1:8000/auth/callback";
pub(super) const SIGNED_OUT: &str = "http://127.0.0.1:8000/signed-out";
pub(super) const SECRET: &str = "a secret: with + and %";
/// Verifier and challenge from RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An issuer, with a client that keeps the logout tokens from the back channel.
pub(super) struct Site {
    pub(super) issuer: Issuer,
    pub(super) clock: ManualClock,
    pub(super) verifier: Verifier,
    pub(super) told: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
}

impl Site {
    #[expect(clippy::disallowed_methods, reason = "tests may start the issuer")]
    pub(super) async fn start() -> Site {
        let told = Arc::new(Mutex::new(Vec::new()));
        let keep = |State(told): State<Arc<Mutex<Vec<String>>>>, body: String| async move {
            told.lock().unwrap().push(body.strip_prefix("logout_token=").unwrap().to_owned());
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let back_channel = format!("http://{}/told", listener.local_addr().unwrap());
        let router = Router::new().route("/told", post(keep)).with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let (time, clock) = Clock::manual(NOW);
        let mut client = ClientOptions::new(Secret::new(SECRET), CALLBACK);
        client.post_logout_redirect_uris = vec![SIGNED_OUT.to_owned()];
        client.back_channel_logout_url = Some(Url::parse(&back_channel).unwrap());
        let mut options = IssuerOptions::new(([127, 0, 0, 1], 0).into());
        options.client = Some(client);
        options.clock = time.clone();
        let issuer = Issuer::start(DemoMode::enter(&Config::default()).unwrap(), options).await.unwrap();
        let config = Config { issuer: Some(issuer.url().to_owned()), ..Config::default() };
        let verifier = Verifier::with_clock(&config, time).unwrap();
        Site { issuer, clock, verifier, told, http: http() }
    }

    pub(super) fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.issuer.url())
    }

    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { site: self, cookies: BTreeMap::new(), language: "en" }
    }

    /// Sends a request of the client itself, with the secret in the form; returns status and body.
    pub(super) async fn call(&self, endpoint: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let credentials = [("client_id", "bionicpro-auth"), ("client_secret", SECRET)];
        let form = form(&[fields, &credentials].concat());
        let response = post_form(&self.http, &self.endpoint(endpoint), &form).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    pub(super) async fn redeem(&self, code: &str) -> (u16, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.call("token", &fields).await
    }

    pub(super) async fn refresh(&self, token: &Value) -> (u16, Value) {
        let token = token.as_str().unwrap();
        self.call("token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// The claims of a token that the issuer has signed.
    pub(super) async fn claims(&self, token: &Value) -> Value {
        let keys = self.http.get(self.endpoint("certs")).send().await.unwrap().bytes().await.unwrap();
        let (keys, _) = KeySet::parse(&keys).unwrap();
        let payload = keys.verify(Compact::parse(token.as_str().unwrap()).unwrap()).unwrap();
        serde_json::from_slice(&payload).unwrap()
    }

    /// Returns the logout tokens received since the last call.
    pub(super) fn take_told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// One browser with its cookies; it does not follow redirects.
pub(super) struct Browser<'a> {
    site: &'a Site,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) language: &'static str,
}

/// The response that a browser got.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: String,
}

impl Page {
    /// The address to which the browser is redirected.
    pub(super) fn location(&self) -> Url {
        let location = self.headers.get("location").unwrap_or_else(|| panic!("no redirect: {self:?}"));
        Url::parse(location.to_str().unwrap()).unwrap()
    }

    /// A query parameter of the address to which the browser is redirected.
    pub(super) fn sent(&self, name: &str) -> Option<String> {
        self.location().query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// The name of the request that the page's form answers.
    pub(super) fn request(&self) -> String {
        let (_, rest) =
            self.body.split_once(r#"name="request" value=""#).unwrap_or_else(|| panic!("{self:?}"));
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Browser<'_> {
    pub(super) async fn get(&mut self, url: &str) -> Page {
        let request = self.site.http.get(url);
        self.send(request).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let url = format!("{}/{path}", self.site.issuer.url());
        let request = post_form(&self.site.http, &url, &form(fields));
        self.send(request).await
    }

    /// Opens the authorization endpoint with the usual request; `changes` replace fields, or remove them if
    /// empty.
    pub(super) async fn arrive(&mut self, changes: &[(&str, &str)]) -> Page {
        let mut fields = BTreeMap::from([
            ("client_id", "bionicpro-auth"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "state &=?"),
            ("nonce", "n-0S6"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        fields.extend(changes.iter().copied());
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.get(&format!("{}?{}", self.site.endpoint("auth"), form(&fields))).await
    }

    /// Presses the button of an account on the sign-in page.
    pub(super) async fn press(&mut self, page: &Page, account: &str) -> Page {
        self.post("login-actions/authenticate", &[("request", &page.request()), ("account", account)]).await
    }

    /// Signs in and returns the code.
    pub(super) async fn sign_in(&mut self, account: &str) -> String {
        let page = self.arrive(&[]).await;
        self.press(&page, account).await.sent("code").unwrap()
    }

    /// Opens the authorization endpoint again without a sign-in page, and returns the code.
    pub(super) async fn sign_in_again(&mut self) -> String {
        self.arrive(&[]).await.sent("code").unwrap()
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; ")).header("accept-language", self.language);
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { status, headers, body: response.text().await.unwrap() }
    }
}

pub(super) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.build().unwrap()
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(super) fn post_form(http: &reqwest::Client, url: &str, form: &str) -> reqwest::RequestBuilder {
    http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
}
