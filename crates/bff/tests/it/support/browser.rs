//! A browser: keeps cookies by host, sends `Sec-Fetch-Site`, follows no redirect by itself, and remembers
//! everything that it was ever sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

/// Returns the headers that a browser sends with a request of our own page, including those that only such a
/// page can add.
fn own_page(session: &str) -> [(&str, &str); 4] {
    [("x-csrf", "1"), ("x-session", session), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]
}

/// One browser.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    pub(crate) origin: String,
    issuer: String,
    /// By host and port, then by name.
    pub(crate) cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Status lines, headers and bodies that came from the BFF, one after another.
    pub(crate) received: Arc<Mutex<String>>,
}

/// A response.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the address that the browser is redirected to.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    pub(crate) fn set_cookies(&self) -> Vec<String> {
        let all = self.headers.get_all("set-cookie");
        all.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

impl Browser {
    pub(super) fn new(origin: &str, issuer: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Browser {
            http: http.build().unwrap(),
            origin: origin.to_owned(),
            issuer: issuer.to_owned(),
            cookies: BTreeMap::new(),
            received: Arc::default(),
        }
    }

    /// Opens a page by typing its address.
    pub(crate) async fn visit(&mut self, path: &str) -> Page {
        let url = self.url(path);
        let navigation = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")];
        self.send(Method::GET, &url, &navigation, None).await
    }

    /// Sends a request as the web app does, from a page that was opened in the browser's current session.
    pub(crate) async fn ask(&mut self, method: Method, path: &str) -> Page {
        let session = self.session_id();
        self.ask_in(&session, method, path).await
    }

    /// Sends a request as a page that was opened in this session.
    pub(crate) async fn ask_in(&mut self, session: &str, method: Method, path: &str) -> Page {
        let url = self.url(path);
        self.send(method, &url, &own_page(session), None).await
    }

    /// Sends a request to any replica as the web app does. `None` if the connection is cut.
    pub(crate) async fn try_get(&mut self, url: &str) -> Option<Page> {
        let session = self.session_id();
        self.try_send(Method::GET, url, &own_page(&session), None).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.ask(Method::GET, path).await
    }

    pub(crate) async fn post(&mut self, path: &str) -> Page {
        self.ask(Method::POST, path).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Page {
        self.ask(Method::DELETE, path).await
    }

    /// Opens a page of another replica.
    pub(crate) async fn visit_at(&mut self, replica: &str, path: &str) -> Page {
        let navigation = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("host", self.host())];
        let navigation = navigation.map(|(name, value)| (name, value.to_owned()));
        let headers: Vec<_> = navigation.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(Method::GET, &format!("{replica}{path}"), &headers, None).await
    }

    /// Begins a sign-in and goes as far as the issuer's response. Returns the address that it redirects the
    /// browser to.
    pub(crate) async fn go_to_issuer(&mut self, account: &str, return_to: &str) -> String {
        let page = self.visit(&format!("/auth/login?return_to={return_to}")).await;
        self.go_on_at_issuer(&page, account).await
    }

    /// Signs in on the issuer's page that a sign-in leads to.
    pub(crate) async fn go_on_at_issuer(&mut self, page: &Page, account: &str) -> String {
        assert_eq!(page.status, 302, "{page:?}");
        let page = self.send(Method::GET, page.location(), &[], None).await;
        if page.status == 302 || page.status == 303 {
            // Already signed in at the issuer.
            return page.location().to_owned();
        }
        let (_, rest) =
            page.body.split_once(r#"name="request" value=""#).unwrap_or_else(|| panic!("{page:?}"));
        let request = rest.split_once('"').unwrap().0;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("request", request), ("account", account)])
            .finish();
        let url = format!("{}/login-actions/authenticate", self.issuer);
        let page = self.send(Method::POST, &url, &[], Some(form)).await;
        page.location().to_owned()
    }

    /// Signs in on the issuer's page. Returns the response of the callback.
    pub(crate) async fn sign_in(&mut self, account: &str, return_to: &str) -> Page {
        let callback = self.go_to_issuer(account, return_to).await;
        self.come_back(&callback).await
    }

    /// Follows the issuer's redirect, which comes from another site.
    pub(crate) async fn come_back(&mut self, url: &str) -> Page {
        self.try_come_back(url).await.unwrap()
    }

    /// The same; `None` if there is no response.
    pub(crate) async fn try_come_back(&mut self, url: &str) -> Option<Page> {
        let cross_site = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        self.try_send(Method::GET, url, &cross_site, None).await
    }

    fn host(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    /// Opens any URL.
    pub(crate) async fn follow(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, &[], None).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn jar(url: &str) -> String {
        let url = Url::parse(url).unwrap();
        format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap())
    }

    /// Returns the cookies of the BFF, by name.
    pub(crate) fn own_cookies(&mut self) -> &mut BTreeMap<String, String> {
        self.cookies.entry(Self::jar(&self.origin)).or_default()
    }

    /// Returns the value of the session cookie.
    pub(crate) fn session(&mut self) -> String {
        self.own_cookies().get("bionicpro-sid").cloned().unwrap_or_default()
    }

    /// Returns the session id as in `/auth/me`: the digest of the cookie's bytes. Without a cookie, the
    /// digest of nothing.
    pub(crate) fn session_id(&mut self) -> String {
        let secret = URL_SAFE_NO_PAD.decode(self.session()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &secret))
    }

    /// Sends a request with these headers and the cookies.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: Option<String>,
    ) -> Page {
        self.try_send(method, url, headers, form).await.unwrap()
    }

    async fn try_send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: Option<String>,
    ) -> Option<Page> {
        // Replicas share a host name, and with it the cookies.
        let is_own = !url.starts_with(&self.issuer);
        let jar = if is_own { Self::jar(&self.origin) } else { Self::jar(url) };
        let cookies = self.cookies.entry(jar).or_default();
        let mut request = self.http.request(method, url);
        if !cookies.is_empty() {
            let line: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", line.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let page = Page { status, headers, body: response.text().await.ok()? };
        for cookie in page.set_cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => cookies.remove(name),
                false => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        if is_own {
            self.received.lock().unwrap().push_str(&format!("{page:?}\n"));
        }
        Some(page)
    }
}
