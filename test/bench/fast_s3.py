"""An S3 server that is never the bottleneck: nginx, files, and listings that were made before.

It asks for no signature and takes any. Paths are /BUCKET/KEY; listings come for every folder of a
bucket as prefix, with and without `delimiter=/`, 1000 keys a page. The token of a page is the last
key before it, so that it serves versions 1 (marker) and 2 (continuation-token) alike. The ETags
are those that nginx itself makes for files, so If-Match works: each file has a time of its own,
because some clients take equal tags for equal contents.
"""
import os
import shutil
import socket
import subprocess
import sys
import time
from urllib.parse import quote
from xml.sax.saxutils import escape

PAGE = 1000
FIRST_TIME = 1700000000
NGINX = "/usr/sbin/nginx"

CONF = """
worker_processes 1;
worker_rlimit_nofile 65536;
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log warn;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  client_body_temp_path {root}/tmp; proxy_temp_path {root}/tmp; fastcgi_temp_path {root}/tmp;
  uwsgi_temp_path {root}/tmp; scgi_temp_path {root}/tmp;
  sendfile on; tcp_nopush on; keepalive_requests 10000000; keepalive_timeout 60s;
  open_file_cache max=16000 inactive=60s; open_file_cache_valid 60s; open_file_cache_errors on;
  default_type binary/octet-stream;
  merge_slashes off; large_client_header_buffers 8 32k;
  map $args $token {{
    default "";
    "~(?:^|&)continuation-token=([^&]+)" $1;
    "~(?:^|&)marker=([^&]+)" $1;
  }}
  map $arg_delimiter $kind {{ default flat; "~." folders; }}
  map $args $page {{
    default "/lists/$bucket/$kind/prefix-$arg_prefix/token-$token.xml";
    "~(?:^|&)location" /lists/location.xml;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=1024;
    root {root};
    error_page 404 /lists/404.xml;
    location = / {{ default_type application/xml; try_files /lists/buckets.xml =404; }}
    location ~ ^/(?<bucket>[^/]+)/?$ {{
      types {{ }} default_type application/xml; try_files $page =404;
    }}
    location / {{ root {root}/data; }}
    location /lists/ {{ internal; types {{ }} default_type application/xml; }}
  }}
}}
"""
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def fill(root, small=10000, big=3, big_size=512 << 20):
    """Buckets `small` (4 KiB each, 100 folders) and `large`."""
    moment = FIRST_TIME
    for i in range(small):
        folder = f"{root}/data/small/d{i % 100:02d}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/f{i:05d}.bin", "wb") as file:
            file.write(os.urandom(4096))
    os.makedirs(root + "/data/large", exist_ok=True)
    for i in range(big):
        with open(f"{root}/data/large/large{i}.bin", "wb") as file:
            for _ in range(big_size >> 20):
                file.write(os.urandom(1 << 20))
    for folder, folders, names in os.walk(root + "/data"):
        folders.sort()
        for name in sorted(names):
            moment += 1
            os.utime(os.path.join(folder, name), (moment, moment))


def entry(key, stat):
    if stat is None:
        return f"<CommonPrefixes><Prefix>{quote(key)}</Prefix></CommonPrefixes>"
    seconds = int(stat.st_mtime)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
    return (f"<Contents><Key>{quote(key)}</Key><LastModified>{stamp}</LastModified>"
            f"<ETag>&quot;{seconds:x}-{stat.st_size:x}&quot;</ETag><Size>{stat.st_size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>")


def write_pages(folder, bucket, prefix, entries):
    os.makedirs(folder, exist_ok=True)
    token = ""
    chunks = [entries[i:i + PAGE] for i in range(0, len(entries), PAGE)] or [[]]
    for number, chunk in enumerate(chunks, 1):
        more = number < len(chunks)
        last = chunk[-1][0] if chunk else ""
        text = [XML, '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>{bucket}</Name><Prefix>{quote(prefix)}</Prefix>"
                f"<KeyCount>{len(chunk)}</KeyCount><MaxKeys>{PAGE}</MaxKeys>"
                "<EncodingType>url</EncodingType>"
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"]
        if more:
            text.append(f"<NextContinuationToken>{escape(last)}</NextContinuationToken>"
                        f"<NextMarker>{quote(last)}</NextMarker>")
        text += [entry(key, stat) for key, stat in chunk] + ["</ListBucketResult>"]
        with open(f"{folder}/token-{quote(token, safe='')}.xml", "w", encoding="ascii") as file:
            file.write("".join(text))
        token = last


def list_bucket(root, bucket):
    base = f"{root}/data/{bucket}"
    objects, folders = [], {""}
    for folder, _, names in os.walk(base):
        for name in names:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, base)
            objects.append((key, os.stat(path)))
            while "/" in key:
                key = key.rsplit("/", 1)[0]
                folders.add(key + "/")
    objects.sort(key=lambda pair: pair[0].encode())
    for prefix in folders:
        inside = [pair for pair in objects if pair[0].startswith(prefix)]
        there = {}
        for key, stat in inside:
            rest = key[len(prefix):]
            there.setdefault(*((prefix + rest.split("/", 1)[0] + "/", None) if "/" in rest
                               else (key, stat)))
        lists = f"{root}/lists/{bucket}"
        name = f"prefix-{quote(prefix, safe='')}"
        write_pages(f"{lists}/flat/{name}", bucket, prefix, inside)
        write_pages(f"{lists}/folders/{name}", bucket, prefix, list(there.items()))


def write_lists(root):
    buckets = sorted(os.listdir(root + "/data"))
    for bucket in buckets:
        list_bucket(root, bucket)
    fixed = {
        "location": '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
        "404": "<Error><Code>NoSuchKey</Code><Message>not here</Message></Error>",
        "buckets": '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                   "<Owner><ID>x</ID></Owner><Buckets>" + "".join(
                       f"<Bucket><Name>{bucket}</Name>"
                       "<CreationDate>2024-01-01T00:00:00.000Z</CreationDate></Bucket>"
                       for bucket in buckets) + "</Buckets></ListAllMyBucketsResult>",
    }
    for name, text in fixed.items():
        with open(f"{root}/lists/{name}.xml", "w", encoding="ascii") as file:
            file.write(XML + text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FastServer:
    """Serves ROOT, which fill and write_lists have made."""

    def __init__(self, root):
        if not os.path.exists(NGINX):
            sys.exit("bench: nginx is not installed (scripts/install-packages bench)")
        self.root, self.port = root, free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        os.makedirs(root + "/tmp", exist_ok=True)
        os.chmod(root, 0o755)
        with open(root + "/nginx.conf", "w", encoding="ascii") as file:
            file.write(CONF.format(root=root, port=self.port))
        self.process = subprocess.Popen([NGINX, "-p", root, "-c", root + "/nginx.conf",
                                         "-e", root + "/error.log"])
        deadline = time.monotonic() + 20
        while socket.socket().connect_ex(("127.0.0.1", self.port)) != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"bench: nginx does not start; see {root}/error.log")
            time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        os.unlink(path)
