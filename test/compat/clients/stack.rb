# Asks the questions of a file through Ruby's xmlrpc; see asking.py.
require 'json'
require 'xmlrpc/client'

client = XMLRPC::Client.new_from_hash(
  host: ENV['ASK_HOST'], port: ENV['ASK_PORT'].to_i, path: '/RPC2',
  user: ENV['ASK_USER'], password: ENV['ASK_PASSWORD'], timeout: 30)

# As the stack's own method has it: each result in turn, faults among them.
def multicall(client, calls)
  _, *results = client.multicall2(*calls)
  results.flatten(1).map { |r| r.is_a?(XMLRPC::FaultException) ? [r.faultCode, r.faultString] : r }
end

def ask(client, method, params)
  return { value: multicall(client, params) } if method == 'own multicall'
  { value: client.call(method, *params) }
rescue XMLRPC::FaultException => fault
  { fault: [fault.faultCode, fault.faultString] }
rescue StandardError => error
  { error: "#{error.class}: #{error.message}" }
end

JSON.parse(File.read(ARGV[0])).each do |_label, method, params|
  puts JSON.generate(ask(client, method, params))
end
