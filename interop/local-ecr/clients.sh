# What the scripts of container clients share; sourced by them after `server.sh`.
#
# Sets DIGEST (of an image in the layout WORK/image), HOST (of the registry), UPSTREAM (of docker-registry, which has
# the image as bio/tool:1 and bio/tool:2, behind the rule `quay`), PASSWORD and UPSTREAM_PID, and gives
# ecr OPERATION BODY and has_image REPOSITORY TAG.

ecr() {
    operation=$1
    body=$2
    curl -sS --fail-with-body -H "x-amz-target: AmazonEC2ContainerRegistry_V20150921.$operation" -d "$body" "$ENDPOINT/"
}

start_both() {
    python3 "$HERE/interop/local-ecr/image.py" "$WORK/image"
    DIGEST=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$WORK/image/index.json")
    UPSTREAM=127.0.0.1:$(free_port)
    cat >"$WORK/upstream.yml" <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $WORK/upstream}}
http: {addr: $UPSTREAM}
CONFIG
    docker-registry serve "$WORK/upstream.yml" >"$WORK/upstream.log" 2>&1 &
    UPSTREAM_PID=$!
    STARTED="$STARTED $UPSTREAM_PID"
    wait_for_port "${UPSTREAM#*:}"
    start_registry "$WORK/data" "quay.io=http://$UPSTREAM"
    HOST=${ENDPOINT#http://}
    for tag in 1 2; do
        skopeo --insecure-policy copy -q --preserve-digests --retry-times 5 --dest-tls-verify=false \
            "oci:$WORK/image:1" "docker://$UPSTREAM/bio/tool:$tag" >"$WORK/skopeo.log" 2>&1
    done
    ecr CreatePullThroughCacheRule '{"ecrRepositoryPrefix":"quay","upstreamRegistryUrl":"quay.io"}' >"$WORK/rule"
    ecr CreateRepository '{"repositoryName":"team/tool"}' >"$WORK/repository"
    PASSWORD=$(ecr GetAuthorizationToken '{}' |
        python3 -c 'import base64, json, sys; print(base64.b64decode(json.load(sys.stdin)["authorizationData"][0]["authorizationToken"]).decode().split(":", 1)[1])')
}

# Returns whether a repository of the registry has the image under a tag.
has_image() {
    ecr DescribeImages "{\"repositoryName\":\"$1\",\"imageIds\":[{\"imageTag\":\"$2\"}]}" | grep -q "$DIGEST"
}
