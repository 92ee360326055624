//! Wycheproof's vectors for JSON Web Signatures and keys, under a policy of RS256 only.

use bionicpro_auth::{Compact, KeySet};
use serde_json::{Value, json};

/// Returns true if the layers below the claims accept a text by the keys of a test group.
fn accepts(group: &Value, unverified: &str) -> bool {
    let keys = group.get("public").or_else(|| group.get("private")).unwrap();
    let document = match keys.get("keys") {
        Some(_) => keys.clone(),
        None => json!({"keys": [keys]}),
    };
    let Some((keys, _)) = KeySet::parse(document.to_string().as_bytes()) else { return false };
    Compact::parse(unverified).and_then(|parsed| keys.verify(parsed)).is_ok()
}

fn groups(file: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(file).unwrap();
    document["testGroups"].as_array().unwrap().clone()
}

fn is_rsa(group: &Value) -> bool {
    let keys = group.get("public").or_else(|| group.get("private")).unwrap();
    keys.get("kty").or_else(|| keys.pointer("/keys/0/kty")).unwrap() == "RSA"
}

#[test]
fn of_318_rsa_signatures_the_eight_valid_ones_by_rs256_are_accepted() {
    let (mut accepted, mut rejected) = (Vec::new(), 0);
    for group in groups(include_str!("../vectors/json_web_signature_test.json")) {
        for test in group["tests"].as_array().unwrap() {
            let (id, text) = (test["tcId"].as_u64().unwrap(), test["jws"].as_str().unwrap());
            let accepts = accepts(&group, text);
            assert!(!accepts || test["result"] == "valid", "{id}: {}", test["comment"]);
            match (is_rsa(&group), accepts) {
                (true, true) => accepted.push(id),
                (true, false) => rejected += 1,
                (false, accepts) => assert!(!accepts, "{id}: not an RSA key"),
            }
        }
    }
    assert_eq!(accepted, [33, 259, 260, 261, 262, 263, 345, 349]);
    assert_eq!(rejected, 310);
}

#[test]
fn of_the_rsa_keys_only_the_sound_one_is_accepted() {
    let mut seen = Vec::new();
    for group in groups(include_str!("../vectors/json_web_key_test.json")) {
        for test in group["tests"].as_array().unwrap() {
            let accepts = accepts(&group, test["jws"].as_str().unwrap());
            match is_rsa(&group) {
                true => {
                    assert_eq!(accepts, test["result"] == "valid", "{}", test["comment"]);
                    seen.push((test["tcId"].as_u64().unwrap(), accepts));
                }
                false => assert!(!accepts, "{}", test["comment"]),
            }
        }
    }
    seen.retain(|(_, accepts)| *accepts);
    assert_eq!(seen, [(5, true)]);
}
