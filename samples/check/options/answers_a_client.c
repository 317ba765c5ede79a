// A server's process for one client: its standard input, output and error are the connection, and it gives up all further
// descriptors, so that nothing in /proc can be read. The client prints what it is told. Ends with 77 where there is no loopback.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int client) {
   for (int at = 0; at < 3; at++) dup2(client, at);
   struct rlimit none = {0, 0};
   setrlimit(RLIMIT_NOFILE, &none);
   char *volatile answer = malloc(16);
   snprintf(answer, 16, "answer\n");
   if (write(1, answer, 7) != 7) exit(2);
   free(answer);
   exit(0);
}

int main(void) {
   struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
   socklen_t length = sizeof address;
   int listening = socket(AF_INET, SOCK_STREAM, 0), connection = socket(AF_INET, SOCK_STREAM, 0);
   if (bind(listening, (struct sockaddr *)&address, length) != 0 || listen(listening, 1) != 0 ||
       getsockname(listening, (struct sockaddr *)&address, &length) != 0 ||
       connect(connection, (struct sockaddr *)&address, length) != 0)
      return 77;
   int client = accept(listening, NULL, NULL);
   if (fork() == 0) serve(client);
   close(client);
   char told[4096];
   ssize_t count, all = 0;
   while ((count = read(connection, told + all, sizeof told - (size_t)all)) > 0) all += count;
   wait(NULL);
   fwrite(told, 1, (size_t)all, stdout);
   return 0;
}
