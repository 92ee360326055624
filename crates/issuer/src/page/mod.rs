//! The pages of the demo's issuer: plain documents without scripts, marked as a demo.

mod language;
mod words;
use super::accounts::{ACCOUNTS, Account, PASSWORD};
pub(super) use language::Language;
use words::Words;

/// The style sheet of all pages, served as a file of its own so that the policy allows nothing inline.
pub(super) const STYLE: &str = include_str!("style.css");

/// The reason why a request cannot continue, as shown to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The application that sent the person here is not known.
    Client,
    /// The address to go back to is not one of the application's.
    Address,
    /// The page was opened too long ago, in another browser, or was answered before.
    TooLate,
    /// The ID token of a sign-out request was not issued here.
    SignOut,
}

/// The sign-in page: a button for each account, and a form for a name and a password.
pub(super) fn sign_in(language: Language, request: &str, username: Option<&str>, failed: bool) -> String {
    let words = language.words();
    let buttons: String = ACCOUNTS.iter().map(|account| button(account, words)).collect();
    let (alert, described) = match failed {
        true => (
            format!(r#"<p class="alert" role="alert" id="wrong">{}</p>"#, words.wrong_password),
            r#" aria-invalid="true" aria-describedby="wrong""#,
        ),
        false => (String::new(), ""),
    };
    let main = format!(
        r#"<h1>{title}</h1>
<p class="lead">{lead}</p>
<form method="post" action="{action}">
<input type="hidden" name="request" value="{request}">
<h2>{choose}</h2>
<ul class="accounts">{buttons}</ul>
<p class="password">{password_of_all} <code>{PASSWORD}</code></p>
</form>
<p class="or"><span>{or}</span></p>
<form method="post" action="{action}">
<input type="hidden" name="request" value="{request}">
{alert}
<label for="username">{username_label}</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required value="{username}"{described}>
<label for="password">{password_label}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{described}>
<button class="primary" type="submit">{submit}</button>
</form>"#,
        title = words.sign_in,
        lead = words.lead,
        action = action("authenticate"),
        request = escape(request),
        choose = words.choose,
        password_of_all = words.password_of_all,
        or = words.or,
        username_label = words.username,
        password_label = words.password,
        username = escape(username.unwrap_or_default()),
        submit = words.sign_in_button,
    );
    document(words, words.sign_in, &main)
}

/// The page that asks for confirmation of a sign-out, for a request without proof that the person wants it.
pub(super) fn confirm_sign_out(language: Language, request: &str) -> String {
    let words = language.words();
    let main = format!(
        r#"<h1>{title}</h1>
<p class="lead">{question}</p>
<form method="post" action="{action}">
<input type="hidden" name="request" value="{request}">
<button class="primary" type="submit">{title}</button>
</form>"#,
        title = words.sign_out,
        question = words.sign_out_question,
        action = action("logout-confirm"),
        request = escape(request),
    );
    document(words, words.sign_out, &main)
}

/// The page after a sign-out.
pub(super) fn signed_out(language: Language) -> String {
    let words = language.words();
    let main = format!(r#"<h1>{}</h1><p class="lead">{}</p>"#, words.signed_out, words.signed_out_lead);
    document(words, words.signed_out, &main)
}

/// The page that explains why a request cannot continue, and what to do.
pub(super) fn trouble(language: Language, trouble: Trouble) -> String {
    let words = language.words();
    let text = match trouble {
        Trouble::Client => words.unknown_client,
        Trouble::Address => words.unknown_address,
        Trouble::TooLate => words.too_late,
        Trouble::SignOut => words.bad_sign_out,
    };
    let main = format!(r#"<h1>{}</h1><p class="lead">{text}</p>"#, words.trouble);
    document(words, words.trouble, &main)
}

fn button(account: &Account, words: &Words) -> String {
    let (given_name, family_name) = account.name;
    let initials: String = [given_name, family_name].iter().filter_map(|name| name.chars().next()).collect();
    let role = match account.role {
        "prothetic_user" => words.wearer,
        "administrator" => words.administrator,
        _ => words.user,
    };
    format!(
        r#"<li><button type="submit" name="account" value="{username}">
<span class="initials" aria-hidden="true">{initials}</span>
<span class="who"><b>{given_name} {family_name}</b><span>{role}</span></span>
<span class="username">{username}</span></button></li>"#,
        username = account.username,
    )
}

fn document(words: &Words, title: &str, main: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · BionicPRO · {demo}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
</head>
<body>
<p class="banner"><b>{demo}</b> {banner}</p>
<main>
<p class="brand">BionicPRO</p>
{main}
</main>
</body>
</html>
"#,
        lang = words.lang,
        demo = words.demo,
        banner = words.banner,
        style = format_args!("{}/demo/style.css", super::REALM_PATH),
    )
}

fn action(name: &str) -> String {
    format!("{}/login-actions/{name}", super::REALM_PATH)
}

/// Escapes text for an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
