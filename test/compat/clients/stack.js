// Asks the questions of a file through npm's supervisord or node-supervisord; see asking.py.
//   node stack.js PACKAGE QUESTIONS
// Both have a function for each method, named without its name space.
'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');

const { ASK_MODULES, ASK_URL, ASK_HOST, ASK_PORT, ASK_USER, ASK_PASSWORD, ASK_SOCKET } = process.env;
const load = createRequire(`${ASK_MODULES}/`);

function supervisord() {
    const client = load('supervisord').connect(ASK_SOCKET ? `unix://${ASK_SOCKET}` : ASK_URL);
    return (name, params) => new Promise((resolve, reject) => {
        client[name](...params, (error, value) => (error ? reject(error) : resolve(value)));
    });
}

function nodeSupervisord() {
    const { SupervisordClient } = load('node-supervisord');
    const options = { username: ASK_USER, password: ASK_PASSWORD };
    const client = new SupervisordClient(`http://${ASK_HOST}:${ASK_PORT}`, options);
    return (name, params) => client[name](...params);
}

async function answer(call, method, params) {
    const name = method.split('.').pop();
    try {
        return { value: await call(name, params) };
    } catch (error) {
        if (error.faultCode !== undefined)
            return { fault: [error.faultCode, error.faultString] };
        return { error: error.message };
    }
}

async function main(name, path) {
    const call = name === 'supervisord' ? supervisord() : nodeSupervisord();
    for (const [, method, params] of JSON.parse(fs.readFileSync(path, 'utf8')))
        console.log(JSON.stringify(await answer(call, method, params)));
}

main(process.argv[2], process.argv[3]);
