//! The table of functions: name, arguments, description, example, implementation.

use super::{Function, dates, hashes, lists, texts};

/// A row of the table.
macro_rules! functions {
    ($($name:literal [$($method:literal)*] ($arguments:literal) $least:literal..$most:literal $run:path;
       $description:literal; $example:literal => $result:literal;)*) => {
        [$(Function {
            name: $name,
            methods: &[$($method),*],
            arguments: $arguments,
            description: $description,
            example: $example,
            result: $result,
            count: ($least, $most),
            run: $run,
        }),*]
    };
}

pub(super) static FUNCTIONS: [Function; 47] = functions! {
    "present" [] ("value") 1..1 lists::present;
        "Returns true if there is a value and it is not null.";
        "present(inputs.name)" => "true";
    "missing" [] ("value") 1..1 lists::missing;
        "Returns true if the value is missing or null.";
        "missing(inputs.nothing)" => "true";
    "keys" [] ("object") 1..1 lists::keys;
        "Returns the keys of an object.";
        "keys({a: 1, b: 2})" => r#"["a","b"]"#;
    "values" [] ("object") 1..1 lists::values;
        "Returns the values of an object.";
        "values({a: 1, b: 2})" => "[1,2]";
    "prefixKeys" [] ("object, prefix") 2..2 lists::prefix_keys;
        "Returns the object with a prefix on each of its keys, for providers whose parameter names are free.";
        "prefixKeys({tier: 'gold'}, 'filter_')" => r#"{"filter_tier":"gold"}"#;
    "includes" ["includes"] ("list or string, value") 2..2 lists::includes;
        "Returns true if a list contains the value (for a list of values: all of them), or a string contains the part.";
        "includes(inputs.tags, 'x')" => "true";
    "includesSome" [] ("list, value") 2..2 lists::includes_some;
        "Returns true if a list contains at least one of the values.";
        "includesSome(inputs.tags, ['q', 'y'])" => "true";
    "length" [] ("list, object or string") 1..1 lists::length;
        "Returns the number of items, members or characters. Also available as `.length`.";
        "length(inputs.tags)" => "2";
    "list" [] ("value") 1..1 lists::list;
        "Returns a list unchanged, any other value as a list with one item, and a missing value as an empty list. For XML, in which a single item cannot be distinguished from a list.";
        "list(inputs.name)" => r#"["Ada"]"#;
    "first" [] ("list") 1..1 lists::first;
        "Returns the first item.";
        "first(inputs.tags)" => r#""x""#;
    "last" [] ("list") 1..1 lists::last;
        "Returns the last item.";
        "last(inputs.tags)" => r#""y""#;
    "map" [] ("list, field") 2..2 lists::map;
        "Maps each item to the value of the second argument: an expression (`.name`) or a path as a string. Items without a value are omitted.";
        "map(users, .name)" => r#"["Ada","Grace"]"#;
    "filter" [] ("list, condition or field, value?") 2..3 lists::filter;
        "Returns the items for which the condition (`.age > 40`) is true, or whose field (a path as a string) equals the value.";
        "filter(users, .age > 40)" => r#"[{"name":"Grace","age":45}]"#;
    "sum" [] ("list") 1..1 lists::sum;
        "Returns the sum of the items; items that are not numbers are omitted.";
        "sum([1, 2, 3.5])" => "6.5";
    "join" ["join"] ("list, separator?") 1..2 lists::join;
        "Joins the items into one string; the default separator is `,`.";
        "join(inputs.tags, '-')" => r#""x-y""#;
    "slice" ["slice"] ("list or string, start?, end?") 1..3 lists::slice;
        "Returns a part of a list or string; negative bounds count from the end.";
        "slice('abcdef', 1, -1)" => r#""bcde""#;
    "lower" ["toLowerCase"] ("string") 1..1 texts::lower;
        "Converts a string to lower case.";
        "lower('ABC')" => r#""abc""#;
    "upper" ["toUpperCase"] ("string") 1..1 texts::upper;
        "Converts a string to upper case.";
        "upper('abc')" => r#""ABC""#;
    "trim" ["trim"] ("string") 1..1 texts::trim;
        "Removes white space at both ends.";
        "trim('  a ')" => r#""a""#;
    "split" ["split"] ("string, separator") 2..2 texts::split;
        "Splits a string at a separator.";
        "split('a,b', ',')" => r#"["a","b"]"#;
    "replace" ["replace" "replaceAll"] ("string, from, to") 3..3 texts::replace;
        "Replaces every occurrence of a string. A regular expression (`/-+/`) replaces its first match, with the flag `g` every match; `$1` is its first group, `$&` the match.";
        "replace('a--b-c', /-+/g, '+')" => r#""a+b+c""#;
    "matches" ["matches"] ("string, pattern") 2..2 texts::pattern;
        "Returns true if a regular expression matches a part of the string. It is a literal, `/^a/i` or `'^a'`, and matches in linear time, so it has neither look-around nor backreferences. Also `/^a/.test(string)`.";
        "matches('inv-42', /^inv-[0-9]+$/)" => "true";
    "match" ["match"] ("string, pattern") 2..2 texts::pattern;
        "Returns the first match of a regular expression and its groups, with the flag `g` all matches; undefined without a match.";
        "match('inv-42', /([a-z]+)-([0-9]+)/)[2]" => r#""42""#;
    "startsWith" ["startsWith"] ("string, start") 2..2 texts::starts_with;
        "Returns true if the string begins with `start`.";
        "startsWith('abc', 'ab')" => "true";
    "endsWith" ["endsWith"] ("string, end") 2..2 texts::ends_with;
        "Returns true if the string ends with `end`.";
        "endsWith('abc', 'bc')" => "true";
    "string" ["toString"] ("value") 1..1 texts::string;
        "Converts a value to a string.";
        "string(25)" => r#""25""#;
    "number" [] ("value") 1..1 texts::number;
        "Converts a value to a number; it is an error if the value is not one.";
        "number('12')" => "12";
    "toJson" [] ("value") 1..1 texts::to_json;
        "Converts a value to JSON text.";
        "toJson({a: [1]})" => r#""{\"a\":[1]}""#;
    "fromJson" [] ("string") 1..1 texts::from_json;
        "Parses JSON text.";
        "fromJson('[1,2]')" => "[1,2]";
    "urlEncode" [] ("string") 1..1 texts::url_encode;
        "Percent-encodes a string for one component of a URL.";
        "urlEncode('a b/c')" => r#""a%20b%2Fc""#;
    "encodeBase64" [] ("string") 1..1 texts::encode_base64;
        "Encodes a string in base64.";
        "encodeBase64('a:b')" => r#""YTpi""#;
    "decodeBase64" [] ("string") 1..1 texts::decode_base64;
        "Decodes base64; the bytes must be UTF-8 text.";
        "decodeBase64('YTpi')" => r#""a:b""#;
    "jwtClaims" [] ("token") 1..1 texts::jwt_claims;
        "Returns the claims of a JSON Web Token in compact form (RFC 7519). The signature is not checked, so do not trust the claims. Undefined if the value is not such a token.";
        "jwtClaims('e30.eyJzaXRlIjoiYWNtZSJ9.x').site" => r#""acme""#;
    "sha256" [] ("string, encoding?") 1..2 hashes::sha256;
        "Returns the SHA-256 hash; the encoding is `hex` (default) or `base64`.";
        "sha256('abc')" => r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#;
    "md5" [] ("string, encoding?") 1..2 hashes::md5;
        "Returns the MD5 hash, for providers that require it. MD5 is not secure.";
        "md5('abc')" => r#""900150983cd24fb0d6963f7d28e17f72""#;
    "hmac" [] ("string, key, algorithm?, encoding?") 2..4 hashes::hmac;
        "Returns the HMAC (RFC 2104) with `sha256` (default), `sha1` or `sha512`; the encoding is `hex` (default) or `base64`.";
        "hmac('data', 'key')" => r#""5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0""#;
    "uuid" [] ("name?") 0..1 hashes::uuid;
        "Returns a UUID that is constant within a call (and within an item of an iterator), so a retried request carries the id of the first one. Each name has its own UUID.";
        "length(uuid())" => "36";
    "now" [] ("") 0..0 dates::now;
        "Returns the current time, ISO 8601 in UTC.";
        "now()" => r#""2026-06-15T12:00:00Z""#;
    "formatDate" [] ("date, format, from?") 2..3 dates::format_date;
        "Formats a date; `from` is the format of the input, by default ISO 8601. A number is a Unix time: seconds since 1970, from 10^11 on milliseconds. The formats `t` and `T` write Unix times in seconds and milliseconds.";
        "formatDate('2026-06-15T08:30:00Z', 'dd/MM/yyyy HH:mm')" => r#""15/06/2026 08:30""#;
    "parseDate" [] ("string, format") 2..2 dates::parse_date;
        "Parses a date and returns it in ISO 8601.";
        "parseDate('15/06/2026', 'dd/MM/yyyy')" => r#""2026-06-15T00:00:00.000Z""#;
    "fromUnix" [] ("number, unit?") 1..2 dates::from_unix;
        "Converts a Unix time to ISO 8601. The unit is `seconds` or `milliseconds`; without it, numbers from 10^11 on are milliseconds.";
        "fromUnix(1709251200)" => r#""2024-03-01T00:00:00.000Z""#;
    "unixSeconds" [] ("date, format?") 1..2 dates::unix_seconds;
        "Returns the seconds since 1970 of a date; `format` is the format of the input, by default ISO 8601.";
        "unixSeconds('2024-03-01T00:00:00Z')" => "1709251200";
    "unixMillis" [] ("date, format?") 1..2 dates::unix_millis;
        "Returns the milliseconds since 1970 of a date; `format` is the format of the input, by default ISO 8601.";
        "unixMillis('01/03/2024', 'dd/MM/yyyy')" => "1709251200000";
    "addDays" [] ("date, days, format?") 2..3 dates::add_days;
        "Adds days to a date (negative numbers subtract them) and keeps its form.";
        "addDays('2026-02-27', 2)" => r#""2026-03-01""#;
    "yearsElapsed" [] ("start, format, end?") 2..3 dates::years_elapsed;
        "Returns the complete years since a date.";
        "yearsElapsed('2010-03-01', 'yyyy-MM-dd', '2020-02-28')" => "9";
    "hasPassed" [] ("date, format, years?") 2..3 dates::has_passed;
        "Returns true if a date, plus `years`, is in the past.";
        "hasPassed('2026-06-14', 'yyyy-MM-dd')" => "true";
    "nextAnniversary" [] ("date, format") 2..2 dates::next_anniversary;
        "Returns the next date with the same day and month; it may be today.";
        "nextAnniversary('01/03/2020', 'dd/MM/yyyy')" => r#""01/03/2027""#;
};
