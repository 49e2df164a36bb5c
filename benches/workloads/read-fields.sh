# `read` with several variables and IFS: a file like /etc/passwd.
sum=0
while IFS=: read -r name _ uid gid rest; do sum=$((sum + uid + gid)); done <records
echo $sum
