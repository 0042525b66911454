/* Copyright (c) 2026, the dockside.engine contributors
 * GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The driver of volumes that the tests make a managed plugin of. Volumes are directories below /data; each holds a
 * file "greeting" with what GREETING was when the volume was made.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PLACE "/run/docker/plugins/driver.sock"

static char request[65536];

/* The first process of a container has to want to end at SIGTERM. */
static void end(int number) {
    _exit(number == SIGTERM ? 0 : 1);
}

/* A whole request, head and body, as text; 0 when the peer is gone. */
static int receive(int peer) {
    size_t length = 0;
    for (;;) {
        ssize_t piece = read(peer, request + length, sizeof request - 1 - length);
        if (piece <= 0)
            return 0;
        length += piece;
        request[length] = 0;
        char *body = strstr(request, "\r\n\r\n"), *size = strcasestr(request, "\r\nContent-Length:");
        if (body && length >= (size_t)(body + 4 - request) + (size && size < body ? strtoul(size + 17, NULL, 10) : 0))
            return 1;
    }
}

static void answer(int peer, const char *json) {
    dprintf(peer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
            strlen(json), json);
}

/* What follows "Name":" in the request. */
static const char *name(void) {
    static char found[256];
    const char *start = strstr(request, "\"Name\":\"");
    snprintf(found, sizeof found, "%.*s", start ? (int)strcspn(start + 8, "\"") : 0, start ? start + 8 : "");
    return found;
}

static void create(const char *directory) {
    char path[512];
    mkdir(directory, 0755);
    snprintf(path, sizeof path, "%s/greeting", directory);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(getenv("GREETING") ? getenv("GREETING") : "", file);
        fclose(file);
    }
}

static void list(int peer) {
    char json[32768] = "{\"Volumes\":[", *more = "";
    DIR *data = opendir("/data");
    for (struct dirent *entry; data && (entry = readdir(data));)
        if (entry->d_name[0] != '.') {
            size_t used = strlen(json);
            snprintf(json + used, sizeof json - used - 4, "%s{\"Name\":\"%s\",\"Mountpoint\":\"/data/%s\"}", more, entry->d_name,
                     entry->d_name);
            more = ",";
        }
    if (data)
        closedir(data);
    answer(peer, strcat(json, "]}"));
}

static void serve(int peer) {
    char directory[300], path[400], json[1024];
    struct stat there;
    snprintf(directory, sizeof directory, "/data/%s", name());
    if (strstr(request, "/Plugin.Activate"))
        answer(peer, "{\"Implements\":[\"VolumeDriver\"]}");
    else if (strstr(request, "/VolumeDriver.Capabilities"))
        answer(peer, "{\"Capabilities\":{\"Scope\":\"local\"}}");
    else if (strstr(request, "/VolumeDriver.List"))
        list(peer);
    else if (strstr(request, "/VolumeDriver.Create")) {
        create(directory);
        answer(peer, "{}");
    } else if (stat(directory, &there))
        answer(peer, "{\"Err\":\"no such volume\"}");
    else if (strstr(request, "/VolumeDriver.Remove")) {
        snprintf(path, sizeof path, "%s/greeting", directory);
        unlink(path);
        answer(peer, rmdir(directory) ? "{\"Err\":\"the volume is not empty\"}" : "{}");
    } else if (strstr(request, "/VolumeDriver.Get")) {
        snprintf(json, sizeof json, "{\"Volume\":{\"Name\":\"%s\",\"Mountpoint\":\"%s\"}}", name(), directory);
        answer(peer, json);
    } else { /* Mount, Path, Unmount */
        snprintf(json, sizeof json, "{\"Mountpoint\":\"%s\"}", directory);
        answer(peer, json);
    }
}

int main(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PLACE};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    unlink(PLACE);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
        perror(PLACE);
        return 1;
    }
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (peer >= 0 && receive(peer))
            serve(peer);
        close(peer);
    }
}
