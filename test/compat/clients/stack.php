<?php
// Asks the questions of a file through PHP's xmlrpc extension and its own streams; see asking.py.
// ASK_PLAIN: with the extension's defaults, which call the request ISO-8859-1.

function ask($method, $params)
{
    $options = getenv('ASK_PLAIN') ? [] : ['encoding' => 'UTF-8', 'escaping' => ['markup']];
    $credentials = base64_encode(getenv('ASK_USER') . ':' . getenv('ASK_PASSWORD'));
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: text/xml\r\nAuthorization: Basic $credentials\r\n",
        'content' => xmlrpc_encode_request($method, $params, $options),
        'timeout' => 30,
    ]]);
    $url = 'http://' . getenv('ASK_HOST') . ':' . getenv('ASK_PORT') . '/RPC2';
    $text = @file_get_contents($url, false, $context);
    if ($text === false)
        return ['error' => $http_response_header[0] ?? 'no answer'];
    $value = xmlrpc_decode($text, 'UTF-8');
    if (is_array($value) && xmlrpc_is_fault($value))
        return ['fault' => [$value['faultCode'], $value['faultString']]];
    return ['value' => $value];
}

foreach (json_decode(file_get_contents($argv[1]), true) as [$label, $method, $params])
    echo json_encode(ask($method, $params), JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
