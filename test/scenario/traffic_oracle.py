"""Access logs, made at random and counted slowly: what mainstay-traffic is compared with.

It shares nothing with the program. A format becomes one regular expression, a line is matched by
it as a whole, and everything is counted in dictionaries. Its rules are those of
mainstay-traffic(1).
"""
import calendar
import collections
import json
import re

FORMATS = {
    "combined": '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                '"$http_referer" "$http_user_agent"',
    "common": '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent',
    "viewbovis": '$http_x_forwarded_for - $remote_user [$time_local] "$host" "$request" $status '
                 '$body_bytes_sent "$http_referer" "$http_user_agent" $request_time',
    "iso": '$time_iso8601|$remote_addr|$request_method|$status|$body_bytes_sent|$request_time|'
           '"$request_uri"',
    "swapped": '$status $request_time "$http_user_agent" "$request" $remote_addr [$time_local] '
               '$body_bytes_sent "$remote_user"',
}
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"]
QUOTED = r'(?:[^"\\]|\\.)*'
SHAPES = {
    "remote_addr": r"[!-~]+", "http_x_forwarded_for": r".*?", "remote_user": r".*", "host": r"[!-~]+",
    "time_local": r"../.../....:..:..:.. .....", "time_iso8601": r"....-..-..T..:..:........",
    "status": r"[0-9]{3}", "body_bytes_sent": r"-|[0-9]{1,19}", "request_method": r"[!-~]+",
    "request_time": r"-|[0-9]{1,12}(?:\.[0-9]+)?",
}


def pattern_of(text):
    """The regular expression of a log_format."""
    out = ""
    for literal, name in re.findall(r"([^$]*)(?:\$([a-z_0-9]+))?", text):
        out += re.escape(literal.encode("latin-1")).decode("latin-1")
        if name:
            quoted = literal.endswith('"')
            out += f"(?P<{name}>{QUOTED if quoted else SHAPES[name]})"
    return re.compile(out.encode("latin-1"), re.DOTALL)


PATTERNS = {name: pattern_of(text) for name, text in FORMATS.items()}


def read_time(text):
    """(year, month, day), hour; None when no calendar and no clock has it."""
    local = re.fullmatch(rb"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) [+-](\d\d)(\d\d)", text)
    iso = re.fullmatch(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)[+-](\d\d):(\d\d)", text)
    if local:
        mday, name, year, *rest = local.groups()
        if name.decode() not in MONTHS:
            return None
        month = MONTHS.index(name.decode()) + 1
    elif iso:
        year, month, mday, *rest = iso.groups()
    else:
        return None
    year, month, mday = int(year), int(month), int(mday)
    hour, minute, second, east, east_minute = map(int, rest)
    if not (1970 <= year and 1 <= month <= 12 and
            1 <= mday <= calendar.monthrange(year, month)[1]):
        return None
    if hour > 23 or minute > 59 or second > 60 or east > 15 or east_minute > 59:
        return None
    return (year, month, mday), hour


def cut_path(target):
    host = re.match(rb"https?://[^/?#]*", target, re.IGNORECASE)
    if host:
        target = target[host.end():]
        target = target if target.startswith(b"/") else b"/"
    return re.split(rb"[?#]", target)[0] if target.startswith(b"/") else None


def take_request(text, status):
    """Method and path; None for what is not there."""
    found = re.match(rb"[A-Za-z][A-Za-z_-]* ", text)
    if not found:
        return None, None
    method, target = text[:found.end() - 1], text[found.end():]
    version = re.search(rb" HTTP/[^ ]*$", target)
    if version is None and status >= 400:
        return method, None  # it was cut
    return method, cut_path(target[:version.start()] if version else target)


def absent(text):
    return text is None or text in (b"", b"-")


def read_json(line):
    try:
        given = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    fields = {}
    for name, value in given.items():
        text = value if isinstance(value, str) else json.dumps(value)
        fields[name] = text.encode()
    for name, shape in (("status", rb"\d{3}"), ("body_bytes_sent", rb"\d+"),
                        ("request_time", rb"\d+(\.\d+)?")):
        if not re.fullmatch(shape, fields.get(name, b"")):
            return None
    return fields


def read_line(kind, line):
    """The fields of a line, or None when it is malformed."""
    if kind == "json":
        fields = read_json(line)
    else:
        match = PATTERNS[kind].fullmatch(line)
        fields = match.groupdict() if match else None
    if fields is None:
        return None
    when = read_time(fields.get("time_local") or fields.get("time_iso8601") or b"")
    if when is None:
        return None
    status = int(fields["status"])
    if "request" in fields:
        method, path = take_request(fields["request"], status)
    else:
        method, path = fields["request_method"], cut_path(fields["request_uri"])
    size, took = fields["body_bytes_sent"], fields.get("request_time")
    client = fields.get("remote_addr") or fields.get("http_x_forwarded_for").split(b",")[0]
    return {"day": when[0], "hour": when[1], "status": status, "method": method, "path": path,
            "bytes": 0 if absent(size) else int(size), "client": client,
            "took": None if absent(took) else float(took),
            "referrer": fields.get("http_referer"), "agent": fields.get("http_user_agent")}


# --- routes -------------------------------------------------------------------------------------


def status_fits(given, status):
    low, _, high = given.partition("-")
    if high:
        return int(low) <= status <= int(high)
    return status // 100 == int(low[0]) if low.endswith("xx") else status == int(low)


def filters_fit(route, line):
    words = route.split(" ")
    if not words[0].startswith(("/", "~")):
        if line["method"] is None or line["method"].decode("latin-1") not in words[0].split(","):
            return None
        words = words[1:]
    if len(words) > 1 and not any(status_fits(s, line["status"]) for s in words[1].split(",")):
        return None
    return words[0]


def route_of(routes, line):
    """Exact before the longest beginning before the first regular expression."""
    if line["path"] is None:
        return None
    best, rank = None, None
    path = line["path"].decode("latin-1")
    for index, route in enumerate(routes):
        pattern = filters_fit(route, line)
        if pattern is None:
            continue
        if pattern.startswith("~"):
            mine = (2, index) if re.search(pattern[1:], path) else None
        elif pattern.endswith("*"):
            mine = (1, -len(pattern), index) if path.startswith(pattern[:-1]) else None
        else:
            mine = (0, index) if path == pattern else None
        if mine is not None and (rank is None or mine < rank):
            best, rank = index, mine
    return best


# --- counting -----------------------------------------------------------------------------------


def lines_of(data):
    """The lines of a file: (bytes, whether it has its end)."""
    pieces = data.split(b"\n")
    return [(piece, True) for piece in pieces[:-1]] + ([(pieces[-1], False)] if pieces[-1] else [])


def days_of_file(kind, data):
    """Each line with its day; a malformed one has that of the line before, or of the first.

    None in a file without one: it belongs to the day when the file was written.
    """
    out, day, waiting = [], None, 0
    for line, _ in lines_of(data):
        fields = read_line(kind, line)
        if fields is None:
            waiting += day is None
            out.append((day, None))
            continue
        day = fields["day"]
        out = [(day, None)] * waiting + out[waiting:] if waiting else out
        waiting = 0
        out.append((day, fields))
    return out


def class_of(status):
    return f"{status // 100}xx" if 100 <= status <= 599 else "other"


def statuses(lines):
    counts = collections.Counter(class_of(line["status"]) for line in lines)
    out = {name: counts.get(name, 0) for name in CLASSES}
    return {**out, "other": counts["other"]} if counts["other"] else out


def text_of(raw):
    """As JSON can hold it: each byte that is not UTF-8 is one U+FFFD."""
    out = ""
    while raw:
        try:
            return out + raw.decode("utf-8")
        except UnicodeDecodeError as error:
            out += raw[:error.start].decode("utf-8") + "\ufffd"
            raw = raw[error.start + 1:]
    return out


def top_of(texts):
    counts = collections.Counter(text for text in texts if not absent(text))
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]
    return [(text_of(text), number) for text, number in best]


def count(kind, files, day, routes):
    """The report of one day; None: of all."""
    lines, malformed = [], 0
    for data in files:
        for its_day, fields in days_of_file(kind, data):
            if day not in (None, its_day):
                continue
            if fields is None:
                malformed += 1
            else:
                lines.append(fields)
    found = [route_of(routes, line) for line in lines]
    took = [line["took"] for line in lines if line["took"] is not None]
    return {
        "requests": len(lines), "malformed": malformed,
        "bytes": sum(line["bytes"] for line in lines), "status": statuses(lines),
        "codes": dict(collections.Counter(f"{line['status']:03}" for line in lines)),
        "clients": len({line["client"] for line in lines if not absent(line["client"])}),
        "hours": [(sum(line["hour"] == hour for line in lines),
                   sum(line["bytes"] for line in lines if line["hour"] == hour))
                  for hour in range(24)],
        "routes": [{"route": route, "requests": found.count(index),
                    "bytes": sum(l["bytes"] for l, f in zip(lines, found) if f == index),
                    "status": statuses([l for l, f in zip(lines, found) if f == index])}
                   for index, route in enumerate(routes)],
        "no_route": found.count(None) if routes else None,
        "no_path": sum(line["path"] is None for line in lines),
        "took": (len(took), round(1e6 * sum(took)) // max(len(took), 1) / 1000,
                 round(1000 * max(took, default=0))),
        "paths": top_of(line["path"] for line in lines),
        "referrers": top_of(re.split(rb"[?#]", line["referrer"] or b"")[0] for line in lines),
        "agents": top_of(line["agent"] for line in lines),
    }


def same_shape(report):
    """What the program said, in the shape of count()."""
    latency = report["latency_ms"]
    tops = {name: [(item[name[:-1]], item["requests"]) for item in report[name]["top"]]
            for name in ("paths", "referrers", "agents")}
    return {
        "requests": report["requests"], "malformed": report["lines"]["malformed"],
        "bytes": report["bytes"], "status": report["status"], "codes": report["codes"],
        "clients": report["clients"]["count"],
        "hours": [(hour["requests"], hour["bytes"]) for hour in report["hours"]],
        "routes": [{name: route[name] for name in ("route", "requests", "bytes", "status")}
                   for route in report.get("routes", [])],
        "no_route": report.get("no_route"), "no_path": report["no_path"],
        "took": (0, 0, 0) if latency is None else
                (latency["requests"], latency["mean"], round(latency["max"])),
        **tops,
    }
