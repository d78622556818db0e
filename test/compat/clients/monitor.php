<?php
// Asks the questions of a file as supervisord-monitor does; see asking.py. Its framework speaks
// HTTP/1.0 over a plain socket, sends every parameter as a string and reads until the end.

function payload($method, $params)
{
    $xml = "<?xml version=\"1.0\"?>\r\n<methodCall>\r\n<methodName>$method</methodName>\r\n"
        . "<params>\r\n";
    foreach ($params as $param)
        $xml .= "<param>\r\n<value><string>" . htmlspecialchars($param, ENT_NOQUOTES)
            . "</string></value>\n</param>\r\n";
    return $xml . "</params>\r\n</methodCall>\r\n";
}

function ask($method, $params)
{
    $socket = fsockopen(getenv('ASK_HOST'), (int)getenv('ASK_PORT'), $code, $text, 30);
    if (!$socket)
        return ['error' => $text];
    $body = payload($method, $params);
    $credentials = base64_encode(getenv('ASK_USER') . ':' . getenv('ASK_PASSWORD'));
    fputs($socket, "POST /RPC2 HTTP/1.0\r\nHost: " . getenv('ASK_HOST') . "\r\n"
        . "Content-Type: text/xml\r\nUser-Agent: a dashboard\r\n"
        . "Authorization: Basic $credentials\r\nContent-Length: " . strlen($body) . "\r\n\r\n"
        . $body);
    stream_set_timeout($socket, 30);
    $answer = stream_get_contents($socket);
    $ended = feof($socket);
    fclose($socket);
    if (!$ended)
        return ['error' => 'the server does not close'];
    if (!preg_match('/^HTTP\/[0-9.]+ 200 /', $answer))
        return ['error' => substr(strtok($answer, "\r\n"), strlen('HTTP/1.x '))];
    $value = xmlrpc_decode(explode("\r\n\r\n", $answer, 2)[1], 'UTF-8');
    if (is_array($value) && xmlrpc_is_fault($value))
        return ['fault' => [$value['faultCode'], $value['faultString']]];
    return ['value' => $value];
}

foreach (json_decode(file_get_contents($argv[1]), true) as [$label, $method, $params])
    echo json_encode(ask($method, $params)), "\n";
