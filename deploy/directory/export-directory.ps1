<#
.SYNOPSIS
Writes mailboxes, mailbox databases and a few groups of Active Directory to an LDIF file that mailbot reads.

.DESCRIPTION
THIS SCRIPT WAS NEVER RUN AGAINST A REAL DOMAIN. It was parsed, and held to a list of commands that only read.
Run it by hand first, and compare a few entries with what you know.

It only reads (with ldifde, a part of Windows Server and of its administration tools) and writes one file:
people.directory_export of mailbot.toml. It is for installations where mailbot may not sign in to a domain
controller itself. export.md beside this script says which account it needs and how to schedule it.

When anything cannot be read the script stops and the earlier file stays; mailbot notices that it grows old.
Nothing is shown but a number of entries. The last line of the file tells how many there are, so that mailbot
notices a file that was cut off.

.PARAMETER Path
The file to write. Beside it, in the same folder, a folder with .work behind its name is used for a while.

.PARAMETER Base
The domain whose mailboxes are read, such as 'DC=ad,DC=voorbeeld,DC=example'.

.PARAMETER ConfigurationBase
Where the forest keeps its configuration. Without it: CN=Configuration right under Base, as in a forest of one
domain.

.PARAMETER GroupList
A text file (UTF-8) with one group on a line: every group that [people] in mailbot.toml names. Of other groups
nothing is read.

.PARAMETER Server
A domain controller. Without it Windows chooses one.

.EXAMPLE
.\export-directory.ps1 -Path D:\mailbot\directory.ldf -Base 'DC=ad,DC=voorbeeld,DC=example' -GroupList groups.txt
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [string]$Path,

    [Parameter(Mandatory = $true)]
    [string]$Base,

    [string]$ConfigurationBase = '',

    [string]$GroupList = '',

    [string]$Server = ''
)

$ErrorActionPreference = 'Stop'

$mailboxAttributes = @(
    'objectClass'
    'objectGUID'
    'sAMAccountName'
    'mail'
    'proxyAddresses'
    'displayName'
    'department'
    'manager'
    'employeeID'
    'userAccountControl'
    'accountExpires'
    'preferredLanguage'
    'msExchMailboxGuid'
    'msExchRecipientTypeDetails'
    'homeMDB'
    'mDBUseDefaults'
    'mDBOverHardQuotaLimit'
    'altRecipient'
    'msExchGenericForwardingAddress'
    'msExchLitigationHoldDate'
    'msExchUserHoldPolicies'
    'publicDelegates'
    'msExchDelegateListLink'
)
$databaseAttributes = @('objectClass', 'mDBOverHardQuotaLimit')
$groupAttributes = @('objectClass', 'cn', 'sAMAccountName', 'displayName', 'member')

# Mailboxes in Exchange Online carry no msExchMailboxGuid here; their type tells them.
$remoteTypes = @('2147483648', '8589934592', '17179869184', '34359738368')
$remote = @($remoteTypes | ForEach-Object { "(msExchRecipientTypeDetails=$_)" }) -join ''
$mailboxFilter = "(&(objectClass=user)(|(msExchMailboxGuid=*)$remote))"
$databaseFilter = '(objectClass=msExchPrivateMDB)'

if ($ConfigurationBase -eq '') {
    $ConfigurationBase = "CN=Configuration,$Base"
}
$exchangeBase = "CN=Microsoft Exchange,CN=Services,$ConfigurationBase"
$work = "$Path.work"
$fresh = "$Path.new"

function ConvertTo-FilterValue {
    param(
        [string]$Value
    )
    return $Value -replace '\\', '\5c' -replace '\*', '\2a' -replace '\(', '\28' -replace '\)', '\29'
}

function Export-Part {
    param(
        [string]$Under,
        [string]$Filter,
        [string[]]$Attribute,
        [string]$Part
    )
    $arguments = @('-f', $Part, '-d', $Under, '-p', 'SubTree', '-r', $Filter, '-l', ($Attribute -join ','), '-j', $work)
    if ($Server -ne '') {
        $arguments += @('-s', $Server)
    }
    ldifde $arguments | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw "ldifde ended with code $LASTEXITCODE"
    }
    if (-not (Test-Path -LiteralPath $Part)) {
        return 0
    }
    if (Select-String -LiteralPath $Part -Pattern '^[A-Za-z]+;range=' -Quiet) {
        throw 'a group has more members than the server gives at a time: spread them over groups inside it'
    }
    if (Select-String -LiteralPath $Part -Pattern '[^\x00-\x7f]' -Quiet) {
        throw 'ldifde wrote text that is not in base64: its options must not hold -u'
    }
    return @(Select-String -LiteralPath $Part -Pattern '^dn:').Count
}

function Get-GroupName {
    param(
        [string]$Filter
    )
    $root = 'LDAP://'
    if ($Server -ne '') {
        $root += "$Server/"
    }
    $entry = New-Object -TypeName System.DirectoryServices.DirectoryEntry -ArgumentList "$root$Base"
    $searcher = New-Object -TypeName System.DirectoryServices.DirectorySearcher -ArgumentList $entry, $Filter
    $searcher.PageSize = 500
    foreach ($found in $searcher.FindAll()) {
        "$($found.Properties['distinguishedname'])"
    }
}

$groups = @()
if ($GroupList -ne '') {
    $groups = @(Get-Content -LiteralPath $GroupList -Encoding UTF8 | ForEach-Object { $_.Trim() } | Where-Object { $_ })
}

# What ldifde writes holds names: its folder goes whatever happens, also one that an earlier run left behind.
if (Test-Path -LiteralPath $work) {
    Remove-Item -LiteralPath $work -Recurse -Force
}
New-Item -ItemType Directory -Path $work -Force | Out-Null
try {
    $total = 0
    $parts = @("$work\mailboxes.ldf", "$work\databases.ldf")
    $total += Export-Part -Under $Base -Filter $mailboxFilter -Attribute $mailboxAttributes -Part $parts[0]
    if ($total -eq 0) {
        throw 'no mailbox can be seen: is the base right, and may the account read it?'
    }
    $total += Export-Part -Under $exchangeBase -Filter $databaseFilter -Attribute $databaseAttributes -Part $parts[1]
    foreach ($group in $groups) {
        $value = ConvertTo-FilterValue -Value $group
        $byName = "(&(objectClass=group)(|(cn=$value)(sAMAccountName=$value)(displayName=$value)))"
        foreach ($name in @(Get-GroupName -Filter $byName)) {
            # The group itself, and with the rule 1941 the groups inside it at any depth.
            $dn = ConvertTo-FilterValue -Value $name
            $chain = "(memberOf:1.2.840.113556.1.4.1941:=$dn)"
            $filter = "(&(objectClass=group)(|(distinguishedName=$dn)$chain))"
            $part = "$work\group$($parts.Count).ldf"
            $total += Export-Part -Under $Base -Filter $filter -Attribute $groupAttributes -Part $part
            $parts += $part
        }
    }

    $asked = @($mailboxAttributes + $groupAttributes | Select-Object -Unique) -join ' '
    $head = @('version: 1', '# mailbot directory export', "# attributes: $asked", '')
    Set-Content -LiteralPath $fresh -Value $head -Encoding ASCII
    foreach ($part in $parts) {
        if (Test-Path -LiteralPath $part) {
            Get-Content -LiteralPath $part | Add-Content -LiteralPath $fresh -Encoding ASCII
            Add-Content -LiteralPath $fresh -Value '' -Encoding ASCII
        }
    }
    Add-Content -LiteralPath $fresh -Value "# end: $total entries" -Encoding ASCII
}
finally {
    Remove-Item -LiteralPath $work -Recurse -Force
}

# A file in the same folder, then one move: mailbot never sees half a file.
Move-Item -LiteralPath $fresh -Destination $Path -Force

Write-Output "$total entries written"
