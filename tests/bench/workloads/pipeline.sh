# A shell at its usual work: a fork for each substitution, two and an exec for each pipeline.
sum=0
for number in $(seq "$1"); do
    part=$(echo "$number")
    sum=$((sum + part))
    if [ $((number % 10)) = 0 ]; then
        echo "$number" | tr 0-9 a-j > /dev/null
    fi
done
seq 100000 | sort -r | uniq | wc -l
echo "$sum"
