//! The rows: what exists, what it does, what runs it.

use super::{Function, dates, hashes, lists, texts};

/// A row as it is written below.
macro_rules! functions {
    ($($name:literal [$($method:literal)*] ($arguments:literal) $least:literal..$most:literal $run:path;
       $does:literal; $example:literal => $gives:literal;)*) => {
        [$(Function {
            name: $name,
            methods: &[$($method),*],
            arguments: $arguments,
            does: $does,
            example: $example,
            gives: $gives,
            count: ($least, $most),
            run: $run,
        }),*]
    };
}

pub(super) static FUNCTIONS: [Function; 42] = functions! {
    "present" [] ("value") 1..1 lists::present;
        "Whether there is a value that is neither missing nor null.";
        "present(inputs.name)" => "true";
    "missing" [] ("value") 1..1 lists::missing;
        "Whether there is no value, or null.";
        "missing(inputs.nothing)" => "true";
    "keys" [] ("object") 1..1 lists::keys;
        "The object's names.";
        "keys({a: 1, b: 2})" => r#"["a","b"]"#;
    "values" [] ("object") 1..1 lists::values;
        "The object's values.";
        "values({a: 1, b: 2})" => "[1,2]";
    "prefixKeys" [] ("object, prefix") 2..2 lists::prefix_keys;
        "The object with the text before each of its names: for parameters whose names a provider leaves open.";
        "prefixKeys({tier: 'gold'}, 'filter_')" => r#"{"filter_tier":"gold"}"#;
    "includes" ["includes"] ("list or text, value") 2..2 lists::includes;
        "Whether the list holds the value (of a list of values: all of them), or the text the part.";
        "includes(inputs.tags, 'x')" => "true";
    "includesSome" [] ("list, value") 2..2 lists::includes_some;
        "Whether the list holds at least one of the values.";
        "includesSome(inputs.tags, ['q', 'y'])" => "true";
    "length" [] ("list, object or text") 1..1 lists::length;
        "How many elements, members or characters. Also written `.length`.";
        "length(inputs.tags)" => "2";
    "list" [] ("value") 1..1 lists::list;
        "A list as it is, anything else as the one element of a list, nothing as an empty list. For XML, where one element looks like no list.";
        "list(inputs.name)" => r#"["Ada"]"#;
    "first" [] ("list") 1..1 lists::first;
        "The first element.";
        "first(inputs.tags)" => r#""x""#;
    "last" [] ("list") 1..1 lists::last;
        "The last element.";
        "last(inputs.tags)" => r#""y""#;
    "map" [] ("list, field") 2..2 lists::map;
        "Of each element what the second argument says: an expression over it (`.name`), or a path as text. Elements without a value are left out.";
        "map(users, .name)" => r#"["Ada","Grace"]"#;
    "filter" [] ("list, condition or field, value?") 2..3 lists::filter;
        "The elements for which the condition (`.age > 40`) is true, or whose field (a path as text) equals the value.";
        "filter(users, .age > 40)" => r#"[{"name":"Grace","age":45}]"#;
    "sum" [] ("list") 1..1 lists::sum;
        "The elements added up; what is no number is left out.";
        "sum([1, 2, 3.5])" => "6.5";
    "join" ["join"] ("list, separator?") 1..2 lists::join;
        "The elements as one text; `,` stands between them unless told.";
        "join(inputs.tags, '-')" => r#""x-y""#;
    "slice" ["slice"] ("list or text, start?, end?") 1..3 lists::slice;
        "A part; negative bounds count from the end.";
        "slice('abcdef', 1, -1)" => r#""bcde""#;
    "lower" ["toLowerCase"] ("text") 1..1 texts::lower;
        "In lower case.";
        "lower('ABC')" => r#""abc""#;
    "upper" ["toUpperCase"] ("text") 1..1 texts::upper;
        "In upper case.";
        "upper('abc')" => r#""ABC""#;
    "trim" ["trim"] ("text") 1..1 texts::trim;
        "Without the white space around it.";
        "trim('  a ')" => r#""a""#;
    "split" ["split"] ("text, separator") 2..2 texts::split;
        "The parts between separators.";
        "split('a,b', ',')" => r#"["a","b"]"#;
    "replace" ["replace" "replaceAll"] ("text, from, to") 3..3 texts::replace;
        "With every occurrence replaced.";
        "replace('a-b-c', '-', '+')" => r#""a+b+c""#;
    "startsWith" ["startsWith"] ("text, start") 2..2 texts::starts_with;
        "Whether the text begins so.";
        "startsWith('abc', 'ab')" => "true";
    "endsWith" ["endsWith"] ("text, end") 2..2 texts::ends_with;
        "Whether the text ends so.";
        "endsWith('abc', 'bc')" => "true";
    "string" ["toString"] ("value") 1..1 texts::string;
        "As text.";
        "string(25)" => r#""25""#;
    "number" [] ("value") 1..1 texts::number;
        "As a number; a text that is none is an error.";
        "number('12')" => "12";
    "toJson" [] ("value") 1..1 texts::to_json;
        "As JSON text.";
        "toJson({a: [1]})" => r#""{\"a\":[1]}""#;
    "fromJson" [] ("text") 1..1 texts::from_json;
        "The value that a JSON text says.";
        "fromJson('[1,2]')" => "[1,2]";
    "urlEncode" [] ("text") 1..1 texts::url_encode;
        "Percent-encoded, as one part of a URL.";
        "urlEncode('a b/c')" => r#""a%20b%2Fc""#;
    "encodeBase64" [] ("text") 1..1 texts::encode_base64;
        "In base64.";
        "encodeBase64('a:b')" => r#""YTpi""#;
    "decodeBase64" [] ("text") 1..1 texts::decode_base64;
        "Out of base64; the bytes must be UTF-8.";
        "decodeBase64('YTpi')" => r#""a:b""#;
    "jwtClaims" [] ("token") 1..1 texts::jwt_claims;
        "The claims of a signed token in compact form (RFC 7519), as they stand: the signature is not checked, so they are fit for choosing and not for trusting. Nothing where it is no such token.";
        "jwtClaims('e30.eyJzaXRlIjoiYWNtZSJ9.x').site" => r#""acme""#;
    "sha256" [] ("text, encoding?") 1..2 hashes::sha256;
        "The SHA-256 hash, in `hex` or `base64`.";
        "sha256('abc')" => r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#;
    "md5" [] ("text, encoding?") 1..2 hashes::md5;
        "The MD5 hash, for providers that ask for it; it protects nothing.";
        "md5('abc')" => r#""900150983cd24fb0d6963f7d28e17f72""#;
    "hmac" [] ("text, key, algorithm?, encoding?") 2..4 hashes::hmac;
        "The keyed hash (RFC 2104) with `sha256`, `sha1` or `sha512`, in `hex` or `base64`.";
        "hmac('data', 'key')" => r#""5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0""#;
    "uuid" [] ("name?") 0..1 hashes::uuid;
        "A UUID that is the same for one place in one call (and one element of a loop), so that a repeated request carries the id of the first; another name gives another.";
        "length(uuid())" => "36";
    "now" [] ("") 0..0 dates::now;
        "The current moment, ISO 8601 in UTC.";
        "now()" => r#""2026-06-15T12:00:00Z""#;
    "formatDate" [] ("date, format, from?") 2..3 dates::format_date;
        "The date written in a format; `from` is the format that it is in, ISO 8601 unless told.";
        "formatDate('2026-06-15T08:30:00Z', 'dd/MM/yyyy HH:mm')" => r#""15/06/2026 08:30""#;
    "parseDate" [] ("text, format") 2..2 dates::parse_date;
        "The date in ISO 8601.";
        "parseDate('15/06/2026', 'dd/MM/yyyy')" => r#""2026-06-15T00:00:00.000Z""#;
    "addDays" [] ("date, days, format?") 2..3 dates::add_days;
        "The date some days later (or, negative, earlier), in the form that it had.";
        "addDays('2026-02-27', 2)" => r#""2026-03-01""#;
    "yearsElapsed" [] ("start, format, end?") 2..3 dates::years_elapsed;
        "The whole years since a date.";
        "yearsElapsed('2010-03-01', 'yyyy-MM-dd', '2020-02-28')" => "9";
    "hasPassed" [] ("date, format, years?") 2..3 dates::has_passed;
        "Whether a date (some years later) is in the past.";
        "hasPassed('2026-06-14', 'yyyy-MM-dd')" => "true";
    "nextAnniversary" [] ("date, format") 2..2 dates::next_anniversary;
        "The next day with the date's day and month, today included.";
        "nextAnniversary('01/03/2020', 'dd/MM/yyyy')" => r#""01/03/2027""#;
};
