//! Output formats as the interface names them, and their media types.

/// The format of a result when nobody says otherwise.
pub(super) const DEFAULT: &str = "TabSeparated";

/// The `Content-Type` that a server sends for a format.
pub(super) fn content_type(format: &str) -> &'static str {
    match format {
        "TabSeparated" | "TSV" | "TabSeparatedRaw" | "TSVRaw" | "Raw" => {
            "text/tab-separated-values; charset=UTF-8"
        }
        _ if format.starts_with("TabSeparated") || format.starts_with("TSV") => {
            "text/tab-separated-values; charset=UTF-8"
        }
        "CSV" => "text/csv; charset=UTF-8; header=absent",
        "CSVWithNames" | "CSVWithNamesAndTypes" => "text/csv; charset=UTF-8; header=present",
        "JSONEachRow"
        | "JSONLines"
        | "NDJSON"
        | "JSONStringsEachRow"
        | "JSONEachRowWithProgress"
        | "JSONStringsEachRowWithProgress"
        | "PrettyJSONEachRow"
        | "PrettyJSONLines"
        | "PrettyNDJSON" => "application/x-ndjson; charset=UTF-8",
        _ if format.starts_with("JSON") => "application/json; charset=UTF-8",
        "XML" => "application/xml; charset=UTF-8",
        "Native"
        | "RowBinary"
        | "RowBinaryWithNames"
        | "RowBinaryWithNamesAndTypes"
        | "RowBinaryWithDefaults"
        | "Parquet"
        | "Arrow"
        | "ArrowStream"
        | "ORC"
        | "Avro"
        | "MsgPack"
        | "Protobuf"
        | "ProtobufSingle"
        | "ProtobufList"
        | "CapnProto"
        | "BSONEachRow"
        | "Npy" => "application/octet-stream",
        "SQLInsert" => "text/plain; charset=UTF-8",
        "Markdown" => "text/markdown; charset=UTF-8",
        _ => "text/plain; charset=UTF-8",
    }
}
