#!/bin/sh
# Reads with the AWS CLI what a validation needs of an account, eight calls at a time: read_account.sh AWS.
set -eu
aws=$1
"$aws" sts get-caller-identity
rules=$("$aws" ecr describe-pull-through-cache-rules --output text \
    --query 'pullThroughCacheRules[?credentialArn].[ecrRepositoryPrefix,credentialArn]')
"$aws" ecr describe-repository-creation-templates
"$aws" ecr get-registry-policy || true
"$aws" ecr get-account-setting --name REGISTRY_POLICY_SCOPE || true
echo "$rules" | while read -r prefix secret; do
    [ -n "$secret" ] || continue
    "$aws" secretsmanager describe-secret --secret-id "$secret"
    "$aws" ecr validate-pull-through-cache-rule --ecr-repository-prefix "$prefix" || true
done
# A repository without a policy makes a call fail, which is an answer.
"$aws" ecr describe-repositories --query 'repositories[].[repositoryName]' --output text |
    xargs -P 8 -I NAME sh -c "'$aws' ecr get-repository-policy --repository-name NAME 2>&1 | tail -1"
