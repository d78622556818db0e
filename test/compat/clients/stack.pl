# Asks the questions of a file through Perl's RPC::XML::Client; see asking.py.
# LWP asks without credentials first and answers the 401 for the realm that it was given.
use strict;
use warnings;
use JSON::PP;
use RPC::XML;
use RPC::XML::Client;

$RPC::XML::ENCODING = 'UTF-8';
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $client = RPC::XML::Client->new("http://$ENV{ASK_HOST}:$ENV{ASK_PORT}/RPC2", timeout => 30);
$client->credentials($ENV{ASK_REALM} // 'default', $ENV{ASK_USER}, $ENV{ASK_PASSWORD});

sub typed {
    my ($value) = @_;
    return RPC::XML::boolean->new($value ? 1 : 0) if JSON::PP::is_bool($value);
    return RPC::XML::array->new(map { typed($_) } @$value) if ref $value eq 'ARRAY';
    return RPC::XML::struct->new(map { $_ => typed($value->{$_}) } keys %$value)
        if ref $value eq 'HASH';
    # JSON::PP writes a number without quotes
    return RPC::XML::int->new($value) if $json->encode($value) =~ /^-?\d+$/;
    return RPC::XML::string->new($value);
}

# What came, with its type: the stack's own value() has strings alone.
sub plain {
    my ($value) = @_;
    my $type = ref $value;
    return [map { plain($_) } @$value] if $type eq 'RPC::XML::array';
    return { map { $_ => plain($value->{$_}) } keys %$value } if $type eq 'RPC::XML::struct';
    return $value->value ? JSON::PP::true : JSON::PP::false if $type eq 'RPC::XML::boolean';
    return 0 + $value->value if $type =~ /^RPC::XML::i(nt|4|8)$/;
    return '' . $value->value;
}

sub ask {
    my ($method, @params) = @_;
    my $answer = $client->send_request($method, map { typed($_) } @params);
    return { error => $answer =~ s/ at \S+ line \d+.*//sr } if !ref $answer;
    return { fault => [0 + $answer->code, $answer->string] } if $answer->is_fault;
    return { value => plain($answer) };
}

open my $file, '<:raw', $ARGV[0] or die "$ARGV[0]: $!\n";
my $questions = $json->decode(do { local $/; <$file> });
$| = 1;
print $json->encode(ask($_->[1], @{ $_->[2] })), "\n" for @$questions;
