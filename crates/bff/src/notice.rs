//! The page that a person sees when a sign-in fails. Its text is fixed: nothing from the request is in it.

use axum::response::{IntoResponse, Response};
use bionicpro_audit::Outcome;
use bionicpro_edge::Final;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The reasons why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// No sign-in of this browser was in progress, or it was another one, or it has expired.
    Expired,
    /// The person or the issuer declined.
    Denied,
    /// The issuer's response is not accepted.
    Refused,
    /// The issuer or the store is unavailable.
    Unavailable,
}

impl Notice {
    fn status(self) -> StatusCode {
        match self {
            Notice::Expired => StatusCode::BAD_REQUEST,
            Notice::Denied | Notice::Refused => StatusCode::UNAUTHORIZED,
            Notice::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the word in metrics.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Notice::Expired => "expired",
            Notice::Denied => "denied",
            Notice::Refused => "refused",
            Notice::Unavailable => "unavailable",
        }
    }

    /// Returns the outcome for the access log.
    pub(crate) fn audited(self) -> Outcome {
        match self {
            Notice::Expired | Notice::Denied | Notice::Refused => Outcome::Refused,
            Notice::Unavailable => Outcome::Failed,
        }
    }

    /// Returns the title, the text and the link text, in English or Russian.
    fn words(self, is_russian: bool) -> [&'static str; 3] {
        match (self, is_russian) {
            (Notice::Expired, false) => [
                "This sign-in is not valid any more",
                "It took too long, was used already, or began in another browser.",
                "Sign in",
            ],
            (Notice::Expired, true) => [
                "Этот вход больше не действителен",
                "Он длился слишком долго, уже был использован или начат в другом браузере.",
                "Войти",
            ],
            (Notice::Denied, false) => {
                ["You are not signed in", "The sign-in was not completed.", "Try again"]
            }
            (Notice::Denied, true) => ["Вы не вошли", "Вход не был завершён.", "Попробовать ещё раз"],
            (Notice::Refused, false) => [
                "You could not be signed in",
                "The sign-in service gave an answer that is not accepted here. Please tell us if it happens again.",
                "Try again",
            ],
            (Notice::Refused, true) => [
                "Войти не удалось",
                "Ответ службы входа здесь не принят. Сообщите нам, если это повторится.",
                "Попробовать ещё раз",
            ],
            (Notice::Unavailable, false) => {
                ["Signing in does not work at the moment", "Please try again in a minute.", "Try again"]
            }
            (Notice::Unavailable, true) => {
                ["Сейчас войти нельзя", "Попробуйте ещё раз через минуту.", "Попробовать ещё раз"]
            }
        }
    }

    /// Renders the page, in Russian for a browser that prefers it.
    pub(crate) fn page(self, request: &HeaderMap) -> Response {
        let languages = request.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let is_russian =
            languages.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("ru"));
        let [title, text, link] = self.words(is_russian);
        let language = if is_russian { "ru" } else { "en" };
        let html = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <h1>{title}</h1>\n<p>{text}</p>\n<p><a href=\"/auth/login\">{link}</a></p>\n</html>\n"
        );
        let mut response = (self.status(), html).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response.extensions_mut().insert(Final);
        response
    }
}
