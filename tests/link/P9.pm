# SPDX-License-Identifier: MIT
#
# A client of 9P2000.L, as far as tests/sill_link.t needs one: it says what it likes, and shows what it is told. It
# speaks through two functions, one that sends bytes and one that gives back those that came.

package P9;

use strict;
use warnings;

my %number = (lopen => 12, lcreate => 14, symlink => 16, rename => 20, readlink => 22, getattr => 24, setattr => 26, readdir => 40,
	link => 70, mkdir => 72, renameat => 74, unlinkat => 76, version => 100, attach => 104, walk => 110, read => 116,
	write => 118, clunk => 120, remove => 122);

sub new {
	my ($class, %functions) = @_;
	return bless { %functions, buffer => '', next_fid => 1 }, $class;
}

sub string {
	my ($text) = @_;
	return pack('v/a*', $text);
}

# The answer's body, or, if it is an error, undef; $self->{error} is then the number.
sub call {
	my ($self, $type, $body) = @_;
	my $tag = $type eq 'version' ? 0xffff : 1;
	my $message = pack('Cv', $number{$type}, $tag) . $body;
	$self->{send}->(pack('V', 4 + length $message) . $message);
	while (length $self->{buffer} < 4 || length $self->{buffer} < unpack('V', $self->{buffer})) {
		my $more = $self->{receive}->();
		die "no answer to T$type" if !defined $more;
		$self->{buffer} .= $more;
	}
	my $size = unpack('V', $self->{buffer});
	my $answer = substr($self->{buffer}, 0, $size, '');
	my ($got, $got_tag) = unpack('x4Cv', $answer);
	$answer = substr($answer, 7);
	$self->{error} = 0;
	die "an answer with tag $got_tag to T$type" if $got_tag != $tag;
	if ($got == 7) {
		$self->{error} = unpack('V', $answer);
		return;
	}
	die "answer $got to T$type" if $got != $number{$type} + 1;
	return $answer;
}

sub version {
	my ($self, $size) = @_;
	return $self->call('version', pack('V', $size) . string('9P2000.L'));
}

sub attach {
	my ($self, $aname) = @_;
	my $fid = $self->{next_fid}++;
	my $answer = $self->call('attach', pack('VV', $fid, 0xffffffff) . string('root') . string($aname) . pack('V', 0));
	return defined $answer ? $fid : undef;
}

# A new fid, or undef. A walk that ends on its way is an error, too.
sub walk {
	my ($self, $from, @names) = @_;
	my $fid = $self->{next_fid}++;
	my $answer = $self->call('walk', pack('VVv', $from, $fid, scalar @names) . join('', map { string($_) } @names));
	return if !defined $answer;
	if (unpack('v', $answer) != @names) {
		$self->{error} = 2;
		return;
	}
	return $fid;
}

sub lopen {
	my ($self, $fid, $flags) = @_;
	return defined $self->call('lopen', pack('VV', $fid, $flags));
}

sub read {
	my ($self, $fid, $offset, $size) = @_;
	my $answer = $self->call('read', pack('VQ<V', $fid, $offset, $size));
	return defined $answer ? unpack('V/a*', $answer) : undef;
}

sub write {
	my ($self, $fid, $offset, $bytes) = @_;
	my $answer = $self->call('write', pack('VQ<V/a*', $fid, $offset, $bytes));
	return defined $answer ? unpack('V', $answer) : undef;
}

# Kind of file and device numbers, to know it again.
sub qid {
	my ($self, $fid) = @_;
	my $answer = $self->call('getattr', pack('VQ<', $fid, 0x7ff));
	return defined $answer ? unpack('H26', substr($answer, 8)) : undef;
}

sub names {
	my ($self, $fid) = @_;
	my $answer = $self->call('readdir', pack('VQ<V', $fid, 0, 4000));
	return if !defined $answer;
	my $entries = unpack('V/a*', $answer);
	my @names;
	while (length $entries) {
		my $name = unpack('x13x8xv/a*', $entries);
		push @names, $name;
		substr($entries, 0, 13 + 8 + 1 + 2 + length $name) = '';
	}
	return @names;
}

sub lcreate {
	my ($self, $fid, $name) = @_;
	return defined $self->call('lcreate', pack('V', $fid) . string($name) . pack('VVV', 2, 0644, 0));
}

sub mkdir {
	my ($self, $fid, $name) = @_;
	return defined $self->call('mkdir', pack('V', $fid) . string($name) . pack('VV', 0755, 0));
}

sub symlink {
	my ($self, $fid, $name, $target) = @_;
	return defined $self->call('symlink', pack('V', $fid) . string($name) . string($target) . pack('V', 0));
}

sub unlinkat {
	my ($self, $fid, $name) = @_;
	return defined $self->call('unlinkat', pack('V', $fid) . string($name) . pack('V', 0));
}

sub renameat {
	my ($self, $from, $old, $to, $new) = @_;
	return defined $self->call('renameat', pack('V', $from) . string($old) . pack('V', $to) . string($new));
}

# The older ways to do the same. remove() ends the fid.
sub remove {
	my ($self, $fid) = @_;
	return defined $self->call('remove', pack('V', $fid));
}

sub rename {
	my ($self, $fid, $to, $new) = @_;
	return defined $self->call('rename', pack('VV', $fid, $to) . string($new));
}

sub truncate {
	my ($self, $fid) = @_;
	return defined $self->call('setattr', pack('VVVVVQ<x32', $fid, 8, 0, 0, 0, 0));
}

sub readlink {
	my ($self, $fid) = @_;
	my $answer = $self->call('readlink', pack('V', $fid));
	return defined $answer ? unpack('v/a*', $answer) : undef;
}

1;
