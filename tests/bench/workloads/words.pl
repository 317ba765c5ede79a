# Words into a hash of lists, again and again: perl makes and frees scalars, keys and arrays.
use strict;
use warnings;

my $count = shift;
my %places;
for my $n (1 .. $count) {
    %places = () if $n % 200_000 == 0;
    push @{$places{"word" . ($n * 31 % 9973)}}, "place $n";
}
my @words = sort keys %places;
print scalar(@words), " $words[0]\n";
